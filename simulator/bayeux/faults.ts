import type { Advice } from './message.js';

/**
 * What goes wrong on purpose at a real-time endpoint. Plain properties that may be set at any time and act from the next
 * message on; all are off at first but the first.
 */
export class BayeuxFaults {
  /**
   * A request without Accept gets an empty body, as the platform documents for every POST. CometD on Node sends none, so
   * switch this off for it.
   */
  bodyNeedsAccept = true;
  /** The next so many HTTP requests get this status and no Bayeux reply. */
  httpStatus = { value: 503, times: 0 };
  /** The next so many handshakes are answered `403::Handshake denied`. */
  deniedHandshakes = 0;
  /** The next so many subscribes are answered `403:…:Create denied`. */
  refusedSubscribes = 0;
  /** Connects disappear: never answered, no heartbeats, as behind a proxy that lost the server. */
  holdForever = false;
  /** The next `times` connect replies are cut after so many bytes of their body. */
  cutReply = { afterBytes: 0, times: 0 };
  /** Laid over the advice of every connect reply: `{ reconnect: 'none' }`, `{ interval: 30_000 }`. */
  advice: Advice = {};
  /** Every event is delivered this many more times. */
  duplicateDeliveries = 0;
  /** Every event waits this long before it is queued, in ms; the order stays. */
  deliveryDelayMs = 0;
}
