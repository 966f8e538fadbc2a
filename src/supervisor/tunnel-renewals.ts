import type { Tunnel, WorkerCommand } from '../../contract/messages.js';

export interface TunnelRenewalsParts {
  readonly send: (worker: number, command: WorkerCommand) => void;
  /** Another Authorization header for a tunnel whose own was answered 401; undefined when there is none. Never rejects. */
  readonly renewed: (tunnel: Tunnel) => Promise<string | undefined>;
}

/** Fresh tokens for sessions whose upgrade was answered 401. The connection key is not spent by that. */
export class TunnelRenewals {
  readonly #parts: TunnelRenewalsParts;
  /** One for each session that can ask; bounded by the sessions that there may be. */
  readonly #tunnels = new Map<string, Tunnel>();

  constructor(parts: TunnelRenewalsParts) {
    this.#parts = parts;
  }

  /** The session begins. */
  add(sessionId: string, tunnel: Tunnel): void {
    if (tunnel.isRenewable === true) this.#tunnels.set(sessionId, tunnel);
  }

  /** It is up, or gone. */
  remove(sessionId: string): void {
    this.#tunnels.delete(sessionId);
  }

  /** What a worker tells: the sessions that ask. Each is answered once. */
  onReport(worker: number, sessionIds: readonly string[] = []): void {
    for (const sessionId of sessionIds) void this.#answer(worker, sessionId);
  }

  async #answer(worker: number, sessionId: string): Promise<void> {
    const tunnel = this.#tunnels.get(sessionId);
    this.#tunnels.delete(sessionId);
    const authorization = tunnel === undefined ? undefined : await this.#parts.renewed(tunnel);
    this.#parts.send(worker, { kind: 'authorization', sessionId, authorization: authorization ?? null });
  }
}
