import { DeliveryLine } from './delivery.js';
import { DropWatch } from './drop-watch.js';
import type { ParsedOperation } from './intake.js';
import { LinkError } from './link-error.js';
import type { Log } from './log.js';
import { MqttLink, type MqttLinkOptions } from './mqtt-link.js';
import type { MqttUplink } from './mqtt-uplink.js';
import { errorLines } from './mqtt-errors.js';
import { createDevice } from './smartrest.js';
import type { Sweep } from './sweep.js';
import { TOKEN_TOPIC, type TokenReplies } from './token-replies.js';
import type { OnViolation } from './violation.js';

/** JSON operations with their ids, for the gateway and its children. 530 on `s/ds` has no id and is never used. */
const OPERATIONS = 'devicecontrol/notifications';

/** Refusals of what we publish. They name no operation, so they are told and counted, and nothing follows from them. */
const ERRORS = 's/e';

export interface MqttIntakeOptions {
  readonly link: Omit<MqttLinkOptions, 'onMessage'>;
  readonly uplink: MqttUplink;
  readonly sweep: Sweep;
  /** Takes what comes on the topic of tokens. Default: nobody asks for any. */
  readonly tokens?: TokenReplies;
  readonly device: { readonly name: string };
  readonly parseOperations: (payload: Buffer) => ParsedOperation[];
  readonly onOperation: (parsed: ParsedOperation) => void;
  readonly onViolation: OnViolation;
  /** Monotonic, in ms. */
  readonly monotonic: () => number;
  readonly log: Log;
}

/** One MQTT connection after the other. */
export class MqttIntake {
  readonly #options: MqttIntakeOptions;
  readonly #drops = new DropWatch();
  readonly #line: DeliveryLine;

  constructor(options: MqttIntakeOptions) {
    this.#options = options;
    this.#line = new DeliveryLine(options.onOperation);
  }

  /**
   * Runs until the connection ends or `signal` aborts. Calls `onUp` once operations can be received.
   * @throws LinkError
   */
  async run(agentId: string, signal: AbortSignal, onUp: () => void): Promise<void> {
    const { link: linkOptions, uplink, sweep, monotonic } = this.#options;
    const link = await MqttLink.open(
      { ...linkOptions, onMessage: (topic, payload) => this.#onMessage(topic, payload) },
      signal,
    );
    const upAtMs = monotonic();
    const onAbort = () => {
      void link.close();
    };
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    try {
      await this.#subscribe(link);
      uplink.attach(link);
      onUp();
      const sweeping = sweep.run(agentId, signal);
      const why = await link.closed;
      if (signal.aborted) await sweeping;
      else throw why;
    } catch (error) {
      const byBroker = error instanceof LinkError && error.byPeer;
      if (byBroker && !signal.aborted && this.#drops.dropped(upAtMs, monotonic()))
        throw takenOver(linkOptions.clientId, error);
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
      uplink.detach(link);
      if (!signal.aborted) link.destroy();
      await link.closed;
    }
  }

  /** The broker refuses the subscription as long as it knows no device for our client id: 100 creates it. */
  async #subscribe(link: MqttLink): Promise<void> {
    if (await link.subscribe(OPERATIONS)) {
      // Without it only the explanation of a refusal would be missing.
      if (!(await link.subscribe(ERRORS))) this.#options.log.debug({}, 'the broker keeps its error topic');
      return;
    }
    await link.publish('s/us', createDevice(this.#options.device.name));
    throw new LinkError(`the broker refuses ${OPERATIONS}; the device has been announced to it`, {
      deviceUnknown: true,
    });
  }

  #onMessage(topic: string, payload: Buffer): void {
    const { log, parseOperations, onViolation } = this.#options;
    if (topic === ERRORS) {
      this.#onErrors(payload);
      return;
    }
    if (topic === TOKEN_TOPIC) {
      this.#options.tokens?.onMessage(payload);
      return;
    }
    if (topic !== OPERATIONS) {
      onViolation('unmatched');
      log.debug({ bytes: payload.length }, 'message on a topic that is not ours');
      return;
    }
    try {
      const tooMany = this.#line.push(parseOperations(payload));
      if (tooMany > 0)
        log.warn({ operations: tooMany }, 'operations wait for the next sweep: too many at once');
    } catch (error) {
      // Thrown into the library it would end the process. The payload holds a key, so it is not logged.
      log.error(
        { error: error instanceof Error ? error.name : 'unknown' },
        'an operation message was not handled',
      );
    }
  }

  #onErrors(payload: Buffer): void {
    const { log, onViolation } = this.#options;
    for (const line of errorLines(payload)) {
      onViolation('error-message');
      log.warn({ line }, 'the broker refuses a message of ours');
    }
  }
}

function takenOver(clientId: string, cause: unknown): LinkError {
  return new LinkError(
    `the broker drops us right after each connect: another client uses the id ${clientId}, or the broker limits us`,
    { pace: { kind: 'cap' }, cause },
  );
}
