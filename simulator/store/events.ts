import type { Ids } from './ids.js';
import type { Fragments, Inventory } from './inventory.js';
import { notFound, PlatformError } from './platform-error.js';

/** An event of a device: the fields the platform keeps and any fragment beside them. */
export interface Event {
  readonly id: string;
  readonly source: { readonly id: string };
  readonly type: string;
  readonly text: string;
  /** ISO 8601, as the device gave it. */
  readonly time: string;
  readonly creationTime: string;
  readonly [fragment: string]: unknown;
}

/** What a list of events asks for; undefined asks for all. */
export interface EventQuery {
  readonly source?: string | undefined;
  readonly type?: string | undefined;
  readonly fragmentType?: string | undefined;
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  readonly revert?: boolean | undefined;
}

/** Events kept; beyond it the oldest is forgotten. */
const MAX_EVENTS = 100_000;

/** Events of all devices, oldest first. */
export class Events {
  #events: Event[] = [];

  constructor(
    private readonly ids: Ids,
    private readonly inventory: Inventory,
    private readonly now: () => number,
    private readonly created: (event: Event) => void,
  ) {}

  /** @throws PlatformError 422 when a field is missing, or the source does not exist. */
  create(sourceId: string, fragments: Fragments): Event {
    if (this.inventory.find(sourceId) === undefined) throw invalid(`No managed object for id '${sourceId}'!`);
    const { type, text, time } = fragments;
    if (typeof type !== 'string' || type === '') throw invalid("Field 'type' is missing or not text.");
    if (typeof text !== 'string') throw invalid("Field 'text' is missing or not text.");
    if (typeof time !== 'string' || Number.isNaN(Date.parse(time)))
      throw invalid("Field 'time' is not a date.");
    const event: Event = {
      ...fragments,
      type,
      text,
      time,
      id: this.ids.next(),
      source: { id: sourceId },
      creationTime: new Date(this.now()).toISOString(),
    };
    this.#events.push(event);
    if (this.#events.length > 1.1 * MAX_EVENTS) this.#events = this.#events.slice(-MAX_EVENTS);
    this.created(event);
    return event;
  }

  /** @throws PlatformError 404. */
  get(id: string): Event {
    const event = this.#events.find((one) => one.id === id);
    if (event === undefined) throw notFound('event', `Event with id '${id}' does not exist.`);
    return event;
  }

  /** Oldest first; newest first with a date in the query, as the platform does it, and `revert` turns that round. */
  list({ source, type, fragmentType, fromMs, toMs, revert = false }: EventQuery): Event[] {
    const found = this.#events.filter((event) => {
      const atMs = Date.parse(event.time);
      return (
        (source === undefined || event.source.id === source) &&
        (type === undefined || event.type === type) &&
        (fragmentType === undefined || Object.hasOwn(event, fragmentType)) &&
        (fromMs === undefined || atMs >= fromMs) &&
        (toMs === undefined || atMs <= toMs)
      );
    });
    const isRange = fromMs !== undefined || toMs !== undefined;
    return isRange !== revert ? found.reverse() : found;
  }
}

function invalid(message: string): PlatformError {
  return new PlatformError(422, 'event/validationError', message);
}
