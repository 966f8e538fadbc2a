import { eventDocument, EVENT_FRAGMENT, type CloudEvent, type EventTransport } from './event.js';
import { elements, propertyAt } from './json-value.js';
import type { RestClient } from './rest-client.js';
import { deliveryOf } from './rest-status.js';
import type { Absent, Delivery } from './status-transport.js';

const PATH = '/event/events';

/** Events of one device and type within two seconds that are looked through; each has some 1.5 KB. */
const LOOK_PAGE = 500;

/** Events by `POST /event/events`, for the gateway and its children alike. */
export class RestEvents implements EventTransport {
  readonly #rest: RestClient;

  constructor(rest: RestClient) {
    this.#rest = rest;
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
  async look({ id, deviceId, type, time }: CloudEvent, signal: AbortSignal): Promise<Delivery | Absent> {
    const atMs = Date.parse(time);
    const query = new URLSearchParams({
      source: deviceId,
      type,
      dateFrom: new Date(atMs - 1_000).toISOString(),
      dateTo: new Date(atMs + 1_000).toISOString(),
      pageSize: String(LOOK_PAGE),
    });
    try {
      const found = await this.#rest.send({ method: 'GET', path: `${PATH}?${query.toString()}`, signal });
      const isIt = (one: unknown): boolean => propertyAt(one, EVENT_FRAGMENT, 'session') === id;
      return elements(found, 'events').some(isIt) ? { kind: 'delivered' } : { kind: 'absent' };
    } catch (error) {
      const delivery = deliveryOf(error);
      // Events that may not be read may be written all the same.
      return delivery.kind === 'retry' ? delivery : { kind: 'absent' };
    }
  }
}
