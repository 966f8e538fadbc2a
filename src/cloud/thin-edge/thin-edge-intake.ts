import { DeliveryLine } from '../delivery.js';
import { DropWatch } from '../drop-watch.js';
import type { ParsedOperation } from '../intake.js';
import { LinkError } from '../link-error.js';
import type { Log } from '../log.js';
import { errorLines } from '../mqtt-errors.js';
import { MqttLink, type MqttLinkOptions } from '../mqtt-link.js';
import type { MqttUplink } from '../mqtt-uplink.js';
import type { OnViolation } from '../violation.js';
import { BridgeState } from './bridge-health.js';
import { isTokenRefusal } from './bridge-tokens.js';
import type { BridgeTopics } from './bridge-topics.js';

/** SmartREST: send every PENDING operation again. */
const RESEND = '500';

/** What we publish: statuses by id. Refusals of anything else are for the mapper and other programs. */
const OUR_TEMPLATE = /^\d+,50[456],/;

const BRIDGE_DOWN = 'the bridge of thin-edge.io to the cloud is down (`tedge connect c8y --test` tells why)';

export interface ThinEdgeIntakeOptions {
  readonly link: Omit<MqttLinkOptions, 'onMessage'>;
  readonly topics: BridgeTopics;
  readonly uplink: MqttUplink;
  /** False once the operations belong to another process: then only statuses are left to be sent. */
  readonly takesOperations: () => boolean;
  /** Hears of each message with operations before they are handed over. */
  readonly onDocuments: (payload: Buffer) => void;
  readonly parseOperations: (payload: Buffer) => ParsedOperation[];
  readonly onOperation: (parsed: ParsedOperation) => void;
  readonly onToken: (payload: Buffer) => void;
  readonly onTokenRefused: () => void;
  readonly onViolation: OnViolation;
  /** Monotonic, in ms. */
  readonly monotonic: () => number;
  readonly log: Log;
}

/**
 * One connection to the local broker after the other.
 *
 *     cloud <== bridge ==> local broker <-- this
 *                             ^--- mapper, and whatever else the gateway has
 */
export class ThinEdgeIntake {
  readonly #options: ThinEdgeIntakeOptions;
  readonly #bridge = new BridgeState();
  readonly #drops = new DropWatch();
  readonly #line: DeliveryLine;
  /** It was told that the bridge is down, so the next connection waits for it instead of telling again. */
  #isDownTold = false;

  constructor(options: ThinEdgeIntakeOptions) {
    this.#options = options;
    this.#line = new DeliveryLine(options.onOperation);
  }

  /**
   * Runs until the connection or the bridge ends, or `signal` aborts. Calls `onUp` once operations can be received.
   * @throws LinkError
   */
  async run(signal: AbortSignal, onUp: () => void): Promise<void> {
    const { link: linkOptions, uplink, monotonic } = this.#options;
    const onMessage = (topic: string, payload: Buffer) => this.#onMessage(topic, payload);
    const link = await MqttLink.open({ ...linkOptions, onMessage }, signal);
    const upAtMs = monotonic();
    const onAbort = () => void link.close();
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    try {
      await this.#serve(link, onUp);
      const why = await Promise.race([link.closed, this.#bridge.becomes('down')]);
      if (!signal.aborted) throw why ?? this.#bridgeDown();
    } catch (error) {
      const byBroker = error instanceof LinkError && error.byPeer;
      if (byBroker && !signal.aborted && this.#drops.dropped(upAtMs, monotonic()))
        throw dropped(linkOptions.clientId, error);
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
      uplink.detach(link);
      if (!signal.aborted) link.destroy();
      await link.closed;
      this.#bridge.forget();
    }
  }

  async #serve(link: MqttLink, onUp: () => void): Promise<void> {
    const { topics, uplink, takesOperations } = this.#options;
    // Retained messages come before the acknowledgement of the next subscription, so the bridge's state is known then.
    for (const topic of topics.health) await link.subscribe(topic);
    await this.#subscribe(link);
    if (this.#bridge.isDown && !this.#isDownTold) throw this.#bridgeDown();
    const ended = await Promise.race([this.#bridge.becomes('up'), link.closed]);
    if (ended instanceof LinkError) throw ended;
    this.#isDownTold = false;
    // First the subscription, then the question: nothing can be missed in between.
    if (takesOperations()) await link.publish(topics.up, RESEND);
    uplink.attach(link);
    onUp();
  }

  async #subscribe(link: MqttLink): Promise<void> {
    const { topics, log, takesOperations } = this.#options;
    for (const topic of [topics.token, topics.errors]) {
      if (!(await link.subscribe(topic))) log.debug({ topic }, 'the local broker keeps a topic');
    }
    if (!takesOperations() || (await link.subscribe(topics.operations))) return;
    const sentence = `the local broker refuses the subscription of ${topics.operations}; its access list has to allow it`;
    throw new LinkError(sentence, { pace: { kind: 'slow' } });
  }

  #bridgeDown(): LinkError {
    this.#isDownTold = true;
    return new LinkError(BRIDGE_DOWN);
  }

  #onMessage(topic: string, payload: Buffer): void {
    const { topics, log, onToken, onViolation } = this.#options;
    if (topic === topics.operations) this.#onOperations(payload);
    else if (topic === topics.errors) this.#onErrors(payload);
    else if (topic === topics.token) onToken(payload);
    else if (topics.health.includes(topic)) this.#bridge.take(topic, payload);
    else {
      onViolation('unmatched');
      log.debug({ bytes: payload.length }, 'message on a topic that is not ours');
    }
  }

  #onOperations(payload: Buffer): void {
    const { log, onDocuments, parseOperations } = this.#options;
    try {
      onDocuments(payload);
      const tooMany = this.#line.push(parseOperations(payload));
      if (tooMany > 0)
        log.warn({ operations: tooMany }, 'operations wait for the next connection: too many at once');
    } catch (error) {
      // Thrown into the library it would end the process. The payload holds a key, so it is not logged.
      const name = error instanceof Error ? error.name : 'unknown';
      log.error({ error: name }, 'an operation message was not handled');
    }
  }

  #onErrors(payload: Buffer): void {
    const { log, onViolation, onTokenRefused } = this.#options;
    if (isTokenRefusal(payload)) onTokenRefused();
    for (const line of errorLines(payload)) {
      if (OUR_TEMPLATE.test(line)) {
        onViolation('error-message');
        log.warn({ line }, 'the cloud refuses a status of ours');
      } else log.debug({ line }, "the cloud refuses another program's message");
    }
  }
}

function dropped(clientId: string, cause: unknown): LinkError {
  const sentence = `the local broker drops us right after each connect: another client uses the id ${clientId}, or the broker limits us`;
  return new LinkError(sentence, { pace: { kind: 'cap' }, cause });
}
