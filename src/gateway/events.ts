import type { EndFact } from '../audit/fact.js';
import type { Head } from '../audit/head.js';
import { sessionEvent } from '../audit/session-event.js';
import type { EventOutbox } from '../cloud/event-outbox.js';
import type { EventJournal } from '../cloud/event.js';
import type { Config } from '../config/config.js';
import { DiskEventJournal } from '../journal/event-journal.js';
import type { Log } from '../log/log.js';

export interface GatewayEventsParts {
  readonly config: Config;
  readonly log: Log;
  readonly generation?: number | undefined;
  readonly elders?: readonly number[] | undefined;
  /** The way to the cloud; asked for when there is an event. */
  readonly outbox: () => EventOutbox;
}

/** The events at the end of sessions, if audit.events asks for them: kept on the disk until the cloud has them. */
export class GatewayEvents {
  readonly #parts: GatewayEventsParts;
  readonly #journal: DiskEventJournal | undefined;
  #isOpen = false;

  constructor(parts: GatewayEventsParts) {
    const { config, log, generation = 1, elders = [] } = parts;
    const { directory } = config.state;
    this.#parts = parts;
    const isKept = config.audit.events && directory !== undefined;
    const now = (): number => Date.now();
    this.#journal = isKept ? new DiskEventJournal({ directory, generation, elders, log, now }) : undefined;
  }

  /** What keeps them; undefined = memory alone. */
  get journal(): EventJournal | undefined {
    return this.#journal;
  }

  /** Takes what earlier runs left, and begins to send; behind the journal of operations, which makes the directory. */
  async open(): Promise<void> {
    if (this.#isOpen || !this.#parts.config.audit.events) return;
    this.#isOpen = true;
    for (const event of (await this.#journal?.open()) ?? []) this.#parts.outbox().resume(event);
    this.#parts.outbox().open();
  }

  /** Takes what an elder left, which has ended. */
  async recover(generation: number): Promise<void> {
    for (const event of (await this.#journal?.recover(generation)) ?? []) this.#parts.outbox().resume(event);
  }

  /** A session is over. */
  ended(fact: EndFact, place: Head | undefined): void {
    const event = this.#parts.config.audit.events ? sessionEvent(fact, place) : undefined;
    if (event !== undefined) this.#parts.outbox().report(event);
  }

  /** A session of a run that was killed is over; whether the cloud knows is asked there. */
  endedBefore(fact: EndFact, place: Head): void {
    const event = this.#parts.config.audit.events ? sessionEvent(fact, place) : undefined;
    if (event !== undefined) this.#parts.outbox().resume(event);
  }

  async close(): Promise<void> {
    await this.#journal?.close();
  }
}
