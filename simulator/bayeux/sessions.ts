import { randomBytes } from 'node:crypto';
import type { EndpointKind } from './channels.js';
import { BayeuxSession, type SessionOptions } from './session.js';

/** Sessions in all; the oldest goes first. A load test with a gateway each for ten thousand sites. */
const MAX_SESSIONS = 10_000;

/** The sessions of both endpoints, by client id and by what they are subscribed to. */
export class BayeuxSessions {
  readonly #byId = new Map<string, BayeuxSession>();
  readonly #byChannel = new Map<string, Set<BayeuxSession>>();

  create(options: Omit<SessionOptions, 'id' | 'onExpired'>): BayeuxSession {
    const id = randomBytes(16).toString('hex');
    const session: BayeuxSession = new BayeuxSession({ ...options, id, onExpired: () => this.end(session) });
    this.#byId.set(id, session);
    const [oldest] = this.#byId.values();
    if (this.#byId.size > MAX_SESSIONS && oldest !== undefined) this.end(oldest);
    return session;
  }

  /** The session of this client id, if it is one of this user at this endpoint. */
  find(id: string | undefined, kind: EndpointKind, user: string | undefined): BayeuxSession | undefined {
    const session = this.#byId.get(id ?? '');
    return session?.kind === kind && session.userName === user ? session : undefined;
  }

  subscribe(session: BayeuxSession, channel: string): void {
    session.subscriptions.add(channel);
    const key = `${session.kind} ${channel}`;
    this.#byChannel.set(key, (this.#byChannel.get(key) ?? new Set()).add(session));
  }

  unsubscribe(session: BayeuxSession, channel: string): void {
    session.subscriptions.delete(channel);
    const key = `${session.kind} ${channel}`;
    const listeners = this.#byChannel.get(key);
    listeners?.delete(session);
    if (listeners?.size === 0) this.#byChannel.delete(key);
  }

  listeners(kind: EndpointKind, channel: string): BayeuxSession[] {
    return [...(this.#byChannel.get(`${kind} ${channel}`) ?? [])];
  }

  /** Ends a session; ending it again does nothing. */
  end(session: BayeuxSession): void {
    if (!this.#byId.delete(session.id)) return;
    for (const channel of [...session.subscriptions]) this.unsubscribe(session, channel);
    session.end();
  }

  endAll(): void {
    for (const session of [...this.#byId.values()]) this.end(session);
  }

  get size(): number {
    return this.#byId.size;
  }
}
