import { CLOUD_ID } from '../../contract/limits.js';
import type { StatusUpdate } from './intake.js';
import { property } from './json-value.js';
import { paceOf, sentenceOf } from './link-error.js';
import type { RestClient } from './rest-client.js';
import { RestError } from './rest-error.js';
import type { Absent, Delivery, StatusTransport } from './status-transport.js';

/** Statuses that are about the moment, not about this update; every other 4xx would come again for ever. */
const PASSING = [401, 403, 408, 425, 429];

/** Statuses by `PUT /devicecontrol/operations/<id>`: for the gateway and its children alike. */
export class RestStatus implements StatusTransport {
  readonly #rest: RestClient;

  constructor(rest: RestClient) {
    this.#rest = rest;
  }

  async send({ operationId, status, failureReason }: StatusUpdate, signal: AbortSignal): Promise<Delivery> {
    if (!CLOUD_ID.test(operationId)) return { kind: 'dropped', why: 'the operation id is unusable' };
    const path = `/devicecontrol/operations/${operationId}`;
    const body = status === 'FAILED' ? { status, failureReason: failureReason ?? '' } : { status };
    try {
      await this.#rest.send({ method: 'PUT', path, body, signal });
      return { kind: 'delivered' };
    } catch (error) {
      return deliveryOf(error);
    }
  }

  /** Whether the cloud has a final status of the operation already, whichever. */
  async look(operationId: string, signal: AbortSignal): Promise<Delivery | Absent> {
    const path = `/devicecontrol/operations/${operationId}`;
    try {
      const status = property(await this.#rest.send({ method: 'GET', path, signal }), 'status');
      return status === 'SUCCESSFUL' || status === 'FAILED' ? { kind: 'delivered' } : { kind: 'absent' };
    } catch (error) {
      const delivery = deliveryOf(error);
      // An answer that cannot be read tells nothing; the status is sent then.
      return delivery.kind === 'delivered' ? { kind: 'absent' } : delivery;
    }
  }
}

/** What a failed request means for what it carried. */
export function deliveryOf(error: unknown): Delivery {
  const why = sentenceOf(error);
  if (!(error instanceof RestError)) return { kind: 'retry', why, pace: { kind: 'slow' }, everything: false };
  const { status } = error;
  // A 200 with a body that we cannot read is still a 200: the cloud has the status.
  if (error.kind === 'unreadable' || error.kind === 'too-big') return { kind: 'delivered' };
  if (status !== undefined && status >= 400 && status < 500 && !PASSING.includes(status)) {
    return { kind: 'dropped', why };
  }
  const everything = status === undefined || status === 401 || status === 429 || status === 503;
  return { kind: 'retry', why, pace: paceOf(error), everything };
}
