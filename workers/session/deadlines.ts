import { CLOSE_HANDSHAKE_MS, FLUSH_MS, STALL_MS } from '../../contract/limits.js';
import type { SessionLimits } from '../../contract/messages.js';
import type { EndReason } from '../../contract/session-state.js';

/** What the deadlines look at. Counters only grow. */
export interface Progress {
  readonly uplinkBytes: number;
  readonly downlinkBytes: number;
  /** Read, and not yet taken by the other side. */
  readonly uplinkWaiting: number;
  readonly downlinkWaiting: number;
  /** Of one write, what the kernel has not taken: a slow reader takes a large write in parts. */
  readonly uplinkQueued: number;
  readonly downlinkQueued: number;
  /** Reads from the cloud. */
  readonly cloudReads: number;
  /** We do not read from the cloud, because the target is slower: its silence proves nothing then. */
  readonly cloudPaused: boolean;
}

export type DeadlineAction =
  | { readonly kind: 'ping' }
  | { readonly kind: 'end'; readonly reason: EndReason; readonly detail: string }
  /** What is left of a closing session is cut. */
  | { readonly kind: 'cut' };

/**
 * All deadlines of a session that has opened, as one pure thing: it is asked a few times a second and says what to
 * do. Counters that have not moved since the last question are how it knows idleness, so the byte path keeps no clock.
 */
export class Deadlines {
  readonly #openedAtMs: number;
  #last: Progress;
  #byteAtMs: number;
  #uplinkTakenAtMs: number;
  #downlinkTakenAtMs: number;
  #heardAtMs: number;
  #pingedAtMs: number;
  #closingAtMs: number | undefined;

  constructor(
    private readonly limits: SessionLimits,
    start: Progress,
    nowMs: number,
  ) {
    this.#last = start;
    this.#openedAtMs = nowMs;
    this.#byteAtMs = nowMs;
    this.#uplinkTakenAtMs = nowMs;
    this.#downlinkTakenAtMs = nowMs;
    this.#heardAtMs = nowMs;
    this.#pingedAtMs = nowMs;
  }

  /** The session began to close. */
  closing(nowMs: number): void {
    this.#closingAtMs ??= nowMs;
  }

  check(progress: Progress, nowMs: number): DeadlineAction | undefined {
    this.#observe(progress, nowMs);
    return this.#closingAtMs === undefined ? this.#whileOpen(nowMs) : this.#whileClosing(progress, nowMs);
  }

  #observe(progress: Progress, nowMs: number): void {
    const last = this.#last;
    const movedUp = progress.uplinkBytes !== last.uplinkBytes;
    const movedDown = progress.downlinkBytes !== last.downlinkBytes;
    const tookUp = movedUp || progress.uplinkQueued < last.uplinkQueued;
    const tookDown = movedDown || progress.downlinkQueued < last.downlinkQueued;
    if (tookUp || tookDown) this.#byteAtMs = nowMs;
    if (tookUp || progress.uplinkWaiting === 0) this.#uplinkTakenAtMs = nowMs;
    if (tookDown || progress.downlinkWaiting === 0) this.#downlinkTakenAtMs = nowMs;
    if (progress.cloudReads !== last.cloudReads || progress.cloudPaused) this.#heardAtMs = nowMs;
    this.#last = progress;
  }

  #whileOpen(nowMs: number): DeadlineAction | undefined {
    const { idleTimeoutMs, sessionDurationMs, webSocketPingMs } = this.limits;
    if (sessionDurationMs > 0 && nowMs - this.#openedAtMs >= sessionDurationMs) {
      return end('max-duration', `open for ${seconds(sessionDurationMs)}`);
    }
    if (idleTimeoutMs > 0 && nowMs - this.#byteAtMs >= idleTimeoutMs) {
      return end('idle', `no byte for ${seconds(idleTimeoutMs)}`);
    }
    if (nowMs - this.#uplinkTakenAtMs >= STALL_MS) {
      return end('stall-cloud', `the cloud took no byte for ${seconds(STALL_MS)}`);
    }
    if (nowMs - this.#downlinkTakenAtMs >= STALL_MS) {
      return end('stall-target', `the target took no byte for ${seconds(STALL_MS)}`);
    }
    if (webSocketPingMs === 0) return undefined;
    if (nowMs - this.#heardAtMs >= 2 * webSocketPingMs) {
      return end('cloud-ping-timeout', `nothing came from the cloud for ${seconds(2 * webSocketPingMs)}`);
    }
    if (nowMs - this.#pingedAtMs < webSocketPingMs) return undefined;
    this.#pingedAtMs = nowMs;
    return { kind: 'ping' };
  }

  /** As long as bytes still move a close may take its time, up to the stall limit. */
  #whileClosing(progress: Progress, nowMs: number): DeadlineAction | undefined {
    const closingAtMs = this.#closingAtMs ?? nowMs;
    const isFlushed = progress.uplinkWaiting === 0 && progress.downlinkWaiting === 0;
    const movedAtMs = Math.max(this.#byteAtMs, closingAtMs);
    const patienceMs = isFlushed ? CLOSE_HANDSHAKE_MS : FLUSH_MS;
    return nowMs - movedAtMs >= patienceMs || nowMs - closingAtMs >= STALL_MS ? { kind: 'cut' } : undefined;
  }
}

function end(reason: EndReason, detail: string): DeadlineAction {
  return { kind: 'end', reason, detail };
}

function seconds(ms: number): string {
  return `${ms / 1000} s`;
}
