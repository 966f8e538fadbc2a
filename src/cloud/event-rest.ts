import { eventDocument, EVENT_FRAGMENT, type CloudEvent, type EventTransport } from './event.js';
import { elements, propertyAt } from './json-value.js';
import type { RestClient } from './rest-client.js';
import { deliveryOf } from './rest-status.js';
import type { Absent, Delivery } from './status-transport.js';

const PATH = '/event/events';

/** Events of one device and type in one answer; each has some 1.5 KB. */
const LOOK_PAGE = 500;

/** Most answers that are looked through for one event: 10,000 sessions of a device during one that was open for long. */
const MAX_LOOK_PAGES = 20;

/** What the time of an event may differ by from that under which the cloud has it, in ms. */
const LOOK_AROUND_MS = 1_000;

/** Events by `POST /event/events`, for the gateway and its children alike. */
export class RestEvents implements EventTransport {
  readonly #rest: Pick<RestClient, 'send'>;
  readonly #now: () => number;

  /** `now` by the cloud's clock, in ms since 1970. */
  constructor(rest: Pick<RestClient, 'send'>, now: () => number) {
    this.#rest = rest;
    this.#now = now;
  }

  async send(event: CloudEvent, signal: AbortSignal): Promise<Delivery> {
    const body = { source: { id: event.deviceId }, ...eventDocument(event) };
    try {
      await this.#rest.send({ method: 'POST', path: PATH, body, signal });
      return { kind: 'delivered' };
    } catch (error) {
      return deliveryOf(error);
    }
  }

  /** Whether the cloud has the event already: it was sent, and nobody knows whether it arrived. */
  async look(event: CloudEvent, signal: AbortSignal): Promise<Delivery | Absent> {
    const isIt = (one: unknown): boolean => propertyAt(one, EVENT_FRAGMENT, 'session') === event.id;
    const query = this.#queryFor(event);
    try {
      for (let page = 1; page <= MAX_LOOK_PAGES; page += 1) {
        query.set('currentPage', String(page));
        const found = await this.#rest.send({ method: 'GET', path: `${PATH}?${query.toString()}`, signal });
        const events = elements(found, 'events');
        if (events.some(isIt)) return { kind: 'delivered' };
        if (events.length < LOOK_PAGE) break;
      }
      return { kind: 'absent' };
    } catch (error) {
      const delivery = deliveryOf(error);
      // Events that may not be read may be written all the same.
      return delivery.kind === 'retry' ? delivery : { kind: 'absent' };
    }
  }

  #queryFor({ deviceId, type, time, doubtfulSince }: CloudEvent): URLSearchParams {
    const atMs = Date.parse(time);
    // What an earlier run said of it may be from any time between then and now.
    const [fromMs, toMs] =
      doubtfulSince === undefined
        ? [atMs, atMs]
        : [Math.min(atMs, Date.parse(doubtfulSince)), Math.max(atMs, this.#now())];
    return new URLSearchParams({
      source: deviceId,
      type,
      dateFrom: new Date(fromMs - LOOK_AROUND_MS).toISOString(),
      dateTo: new Date(toMs + LOOK_AROUND_MS).toISOString(),
      pageSize: String(LOOK_PAGE),
    });
  }
}
