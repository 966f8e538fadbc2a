import { LinkError } from './link-error.js';
import { MqttLink, type MqttLinkOptions } from './mqtt-link.js';
import { pause } from './pause.js';
import { deviceCredentials, type DeviceCredentials, type Registration } from './registration.js';
import { csvFields } from './smartrest.js';

const ASK = 's/ucr';
const ANSWER = 's/dcr';

/** Static template of the answer: `70,<tenant>,<user>,<password>`. */
const TEMPLATE = '70';

/** Time that the answer has, in ms: the broker sends it behind its acknowledgement or not at all. */
const ANSWER_MS = 2_000;

export type MqttRegistrationOptions = Omit<MqttLinkOptions, 'onMessage'>;

/** Registration over MQTT: an empty message to `s/ucr` asks, the answer comes on `s/dcr` once. */
export class MqttRegistration implements Registration {
  readonly #options: MqttRegistrationOptions;
  readonly #arrival = new AbortController();
  readonly #end = new AbortController();
  #link: MqttLink | undefined;
  #credentials: DeviceCredentials | undefined;

  /** `options.login` is the bootstrap user, `options.clientId` is `d:<external id>`. */
  constructor(options: MqttRegistrationOptions) {
    this.#options = options;
  }

  async ask(): Promise<DeviceCredentials | undefined> {
    const link = (this.#link ??= await this.#open());
    try {
      await link.publish(ASK, '');
    } catch (error) {
      this.#link = undefined;
      link.destroy();
      // The end of the connection may come behind the answer.
      if (this.#credentials === undefined) throw error;
    }
    await pause(ANSWER_MS, this.#arrival.signal);
    return this.#credentials;
  }

  async close(): Promise<DeviceCredentials | undefined> {
    this.#end.abort();
    await this.#link?.close();
    return this.#credentials;
  }

  async #open(): Promise<MqttLink> {
    const onMessage = (topic: string, payload: Buffer): void => this.#onMessage(topic, payload);
    const link = await MqttLink.open({ ...this.#options, onMessage }, this.#end.signal);
    void link.closed.then(() => {
      if (this.#link === link) this.#link = undefined;
    });
    if (await link.subscribe(ANSWER)) return link;
    link.destroy();
    throw new LinkError(
      `the broker refuses ${ANSWER}: it takes us for something else than the bootstrap user`,
      {
        pace: { kind: 'slow' },
      },
    );
  }

  #onMessage(topic: string, payload: Buffer): void {
    if (topic !== ANSWER) return;
    const [template, tenant, user, password] = csvFields(payload.toString('utf8').replace(/\r?\n$/, ''));
    if (template !== TEMPLATE) return;
    this.#credentials ??= deviceCredentials(tenant, user, password);
    if (this.#credentials !== undefined) this.#arrival.abort();
  }
}
