import type { Batch, BayeuxSession } from './session.js';

/** The part of a connection that holding a connect needs. */
export interface Holder {
  readonly signal: AbortSignal;
  readonly cut: () => void;
}

/** Connects being held. Of one user at one endpoint only so many at a time: one more, and the oldest is closed. */
export class HeldConnects {
  readonly #maxParallel: number;
  readonly #byUser = new Map<string, Set<Holder>>();

  constructor(maxParallel: number) {
    this.#maxParallel = maxParallel;
  }

  /**
   * Holds a connect of this session until it is to be answered.
   * @throws ConnectionCut (rejects) when the connection ends before.
   */
  async hold(session: BayeuxSession, holder: Holder, timeoutMs: number): Promise<Batch> {
    const key = `${session.kind} ${session.userName}`;
    const holders = this.#byUser.get(key) ?? new Set();
    this.#byUser.set(key, holders.add(holder));
    const [oldest] = holders;
    if (holders.size > this.#maxParallel) oldest?.cut();
    const onGone = () => session.cut();
    holder.signal.addEventListener('abort', onGone, { once: true });
    try {
      const batch = session.wait(timeoutMs);
      if (holder.signal.aborted) session.cut();
      return await batch;
    } finally {
      holder.signal.removeEventListener('abort', onGone);
      holders.delete(holder);
      if (holders.size === 0 && this.#byUser.get(key) === holders) this.#byUser.delete(key);
    }
  }
}
