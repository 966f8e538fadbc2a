import type { Delivery } from './status-transport.js';

/** One event for the cloud. */
export interface CloudEvent {
  /** Ours, not the cloud's: the session's id, under which it is kept and looked for. */
  readonly id: string;
  /** Managed-object id of the device that it belongs to. */
  readonly deviceId: string;
  readonly type: string;
  /** ISO 8601. */
  readonly time: string;
  /** An earlier run may have told the same with any time from this one on, ISO 8601: the cloud is asked first. */
  readonly doubtfulSince?: string;
  /** One sentence. */
  readonly text: string;
  /** The facts, under the name EVENT_FRAGMENT. `session` in it is `id`. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Where the facts of a session stand in its event. */
export const EVENT_FRAGMENT = 'gatehouse_Session';

/** A way to the cloud for events. Never rejects. */
export interface EventTransport {
  send(event: CloudEvent, signal: AbortSignal): Promise<Delivery>;
}

/** What the outbox of events needs, so that they survive the process. */
export interface EventJournal {
  /** Resolves when the event is on the disk. Rejects when the disk does not take it; it is written later then. */
  queue(event: CloudEvent): Promise<void>;
  /** The cloud has the event, or will never get it. */
  settled(id: string): void;
}

/** An event as the cloud's APIs take it, without its source. */
export function eventDocument({ type, time, text, facts }: CloudEvent): Readonly<Record<string, unknown>> {
  return { type, time, text, [EVENT_FRAGMENT]: facts };
}
