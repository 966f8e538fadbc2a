import { cutToBytes, MAX_FAILURE_REASON_BYTES, type FailureCode } from '../../../contract/failure.js';
import type { EndReason } from '../../../contract/session-state.js';
import type { OperationView, RefusalCount } from '../backend.js';

/** Operations that are kept; the oldest are forgotten. A screen shows some twenty, a scroll through 200 is enough. */
export const MAX_LOGGED_OPERATIONS = 200;

/** Of which operation something is told. */
export interface AboutOperation {
  readonly operationId: string;
  readonly deviceId: string;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly conduit?: string | undefined;
  readonly sessionId?: string | undefined;
  /** Wall clock when it was taken on, in ms; default now. The log may have forgotten what it was told before. */
  readonly sinceMs?: number | undefined;
}

/** How an open session ended. */
export interface SessionEnd {
  readonly reason: EndReason;
  /** One sentence or less. */
  readonly detail: string | undefined;
  readonly uplinkBytes: number;
  readonly downlinkBytes: number;
}

/** The newest operations and what became of them, and how many failed with each code. In memory only. */
export class OperationLog {
  readonly #entries = new Map<string, OperationView>();
  readonly #refusals = new Map<FailureCode, { count: number; lastAtMs: number }>();

  /** @param now wall clock, in ms. `onChange` is told of each new or replaced entry. */
  constructor(
    private readonly generation: number,
    private readonly now: () => number,
    private readonly onChange: (entry: OperationView) => void = () => undefined,
  ) {}

  /** Somebody on site has to approve it first. */
  waiting(about: AboutOperation): void {
    this.#put({ ...this.#known(about), outcome: 'waiting' });
  }

  connecting(about: AboutOperation): void {
    this.#put({ ...this.#known(about), outcome: 'connecting' });
  }

  opened(about: AboutOperation): void {
    this.#put({ ...this.#known(about), outcome: 'open' });
  }

  /** FAILED, and nothing was dialled for it. */
  refused(about: AboutOperation, code: FailureCode, reason: string): void {
    this.#putFailure(about, 'refused', code, reason);
  }

  /** FAILED while it connected. */
  failed(about: AboutOperation, code: FailureCode, reason: string): void {
    this.#putFailure(about, 'failed', code, reason);
  }

  ended(about: AboutOperation, { reason, detail, uplinkBytes, downlinkBytes }: SessionEnd): void {
    const end = { endReason: reason, reason: oneLine(detail ?? ''), uplinkBytes, downlinkBytes };
    this.#put({ ...this.#known(about), ...end, outcome: 'ended', endedAt: this.#time() });
  }

  /** Takes over what another generation knows of one of its operations. */
  adopt(entry: OperationView): void {
    const before = this.#entries.get(entry.operationId);
    if (isFailure(entry) && (before === undefined || !isFailure(before)) && entry.code !== null)
      this.#countRefusal(entry.code);
    this.#put(entry);
  }

  /** Takes over all that an earlier generation has counted, and its operations. */
  seed(entries: readonly OperationView[], refusals: readonly RefusalCount[]): void {
    for (const entry of [...entries].reverse()) if (!this.#entries.has(entry.operationId)) this.#put(entry);
    for (const { code, count, lastAt } of refusals) {
      const own = this.#refusals.get(code) ?? { count: 0, lastAtMs: 0 };
      this.#refusals.set(code, {
        count: own.count + count,
        lastAtMs: Math.max(own.lastAtMs, Date.parse(lastAt)),
      });
    }
  }

  /** A generation is gone: what it had not finished is over, and nobody knows more. */
  generationEnded(generation: number): void {
    for (const entry of [...this.#entries.values()]) {
      if (entry.generation !== generation || entry.endedAt !== null) continue;
      const reason = 'The process that had it ended.';
      const endedAt = this.#time();
      if (entry.outcome === 'open') this.#put({ ...entry, outcome: 'ended', reason, endedAt });
      else if (entry.outcome === 'waiting') this.refused(about(entry), 'agent-restarted', reason);
      else this.failed(about(entry), 'agent-restarted', reason);
    }
  }

  /** Newest first. */
  list(): readonly OperationView[] {
    return [...this.#entries.values()].reverse();
  }

  /** Most frequent first. */
  refusals(): readonly RefusalCount[] {
    return [...this.#refusals]
      .sort(([, a], [, b]) => b.count - a.count)
      .map(([code, { count, lastAtMs }]) => ({ code, count, lastAt: iso(lastAtMs) }));
  }

  #putFailure(about: AboutOperation, outcome: 'refused' | 'failed', code: FailureCode, reason: string): void {
    this.#countRefusal(code);
    this.#put({ ...this.#known(about), outcome, code, reason: oneLine(reason), endedAt: this.#time() });
  }

  #known({ operationId, deviceId, host, port, conduit, sessionId, sinceMs }: AboutOperation): OperationView {
    const before = this.#entries.get(operationId);
    const facts = {
      host: host ?? before?.host ?? null,
      port: port ?? before?.port ?? null,
      conduit: conduit ?? before?.conduit ?? null,
      sessionId: sessionId ?? before?.sessionId ?? null,
    };
    if (before !== undefined) return { ...before, ...facts };
    const nothing = { code: null, reason: null, endReason: null, endedAt: null };
    const bytes = { uplinkBytes: null, downlinkBytes: null };
    const startedAt = iso(sinceMs ?? this.now());
    const origin = { operationId, deviceId, generation: this.generation, startedAt };
    return { ...origin, ...facts, outcome: 'refused', ...nothing, ...bytes };
  }

  #put(entry: OperationView): void {
    this.#entries.set(entry.operationId, entry);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > MAX_LOGGED_OPERATIONS && oldest !== undefined) this.#entries.delete(oldest);
    this.onChange(entry);
  }

  #countRefusal(code: FailureCode): void {
    const count = (this.#refusals.get(code)?.count ?? 0) + 1;
    this.#refusals.set(code, { count, lastAtMs: this.now() });
  }

  #time(): string {
    return iso(this.now());
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function isFailure({ outcome }: OperationView): boolean {
  return outcome === 'failed' || outcome === 'refused';
}

/** As bounded as what the cloud is told, and without characters that a terminal would obey; null for nothing. */
function oneLine(text: string): string | null {
  const plain = text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').toWellFormed();
  return plain === '' ? null : cutToBytes(plain, MAX_FAILURE_REASON_BYTES);
}

function about({ operationId, deviceId }: OperationView): AboutOperation {
  return { operationId, deviceId };
}
