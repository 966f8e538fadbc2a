import type { GatehouseError } from '../../contract/failure.js';
import type {
  SessionCounters,
  SessionEnding,
  SessionLimits,
  SessionSummary,
} from '../../contract/messages.js';
import { next, type EndReason, type SessionState } from '../../contract/session-state.js';
import { Deadlines, type DeadlineAction, type Progress } from './deadlines.js';
import { UNKNOWN } from './ending.js';

/** What a life needs to know of its session, and whom it tells. */
export interface LifeParts {
  readonly limits: SessionLimits;
  /** Monotonic, in ms. */
  readonly now: () => number;
  readonly progress: () => Progress;
  readonly onOpened: (setupMs: number) => void;
  readonly onClosing: (ending: SessionEnding) => void;
}

/** The state of a session with its times: when it opened, why it ends, and what is due. It touches no socket. */
export class Life {
  readonly #parts: LifeParts;
  readonly #startedAtMs: number;
  #state: SessionState = 'connecting';
  #ending: SessionEnding | undefined;
  #deadlines: Deadlines | undefined;
  #setupMs = 0;
  #openedAtMs: number | undefined;
  /** Sides that may still hold a socket. */
  #sides = 2;

  constructor(parts: LifeParts) {
    this.#parts = parts;
    this.#startedAtMs = parts.now();
  }

  get state(): SessionState {
    return this.#state;
  }

  /** How the end began; undefined before it did. */
  get ending(): SessionEnding | undefined {
    return this.#ending;
  }

  /** Target and WebSocket are up. */
  open(): void {
    const nowMs = this.#parts.now();
    this.#state = next(this.#state, 'opened');
    this.#openedAtMs = nowMs;
    this.#setupMs = nowMs - this.#startedAtMs;
    this.#deadlines = new Deadlines(this.#parts.limits, this.#parts.progress(), nowMs);
    this.#parts.onOpened(this.#setupMs);
  }

  /** The session never opens. True for the first cause only. */
  fail({ code, message }: GatehouseError): boolean {
    if (this.#state !== 'connecting') return false;
    this.#setupMs = this.#parts.now() - this.#startedAtMs;
    this.#beginClosing({ outcome: 'failed', code, sentence: message });
    return true;
  }

  /** The open session ends. True for the first cause only. */
  end(reason: EndReason, detail: string): boolean {
    if (this.#state !== 'open') return false;
    this.#beginClosing({ outcome: 'ended', reason, detail });
    return true;
  }

  #beginClosing(ending: SessionEnding): void {
    const nowMs = this.#parts.now();
    this.#ending = ending;
    this.#state = next(this.#state, 'ending');
    this.#deadlines ??= new Deadlines(this.#parts.limits, this.#parts.progress(), nowMs);
    this.#deadlines.closing(nowMs);
    this.#parts.onClosing(ending);
  }

  /** What is due at `nowMs`. */
  check(nowMs: number): DeadlineAction | undefined {
    return this.#deadlines?.check(this.#parts.progress(), nowMs);
  }

  /** One side holds no socket any more. The summary, when it was the last one. */
  sideGone(counters: SessionCounters): SessionSummary | undefined {
    this.#sides -= 1;
    if (this.#sides > 0) return undefined;
    this.#state = next(this.#state, 'gone');
    const durationMs = this.#openedAtMs === undefined ? 0 : this.#parts.now() - this.#openedAtMs;
    return { ...counters, setupMs: this.#setupMs, durationMs, ...(this.#ending ?? UNKNOWN) };
  }
}
