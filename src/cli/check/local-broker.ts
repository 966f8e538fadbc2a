import { randomBytes } from 'node:crypto';
import { MqttLink, type MqttLinkOptions } from '../../cloud/mqtt-link.js';
import { localLink } from '../../cloud/thin-edge/local-link.js';
import type { Config } from '../../config/config.js';

/** Longest wait for one step with the local broker, in ms; it is near. */
const STEP_MS = 5_000;

/** Far above the whole check, in ms. */
const KEEP_ALIVE_MS = 60_000;

/** A message that was received. */
export interface Received {
  readonly topic: string;
  readonly payload: Buffer;
}

/** What a connection has received. */
export class Inbox {
  readonly messages: Received[] = [];
  #look: () => void = () => undefined;

  take(message: Received): void {
    this.messages.push(message);
    this.#look();
  }

  /** The first message that `fits`, also one that is there already; undefined when `signal` aborts first. */
  find(fits: (message: Received) => boolean, signal: AbortSignal): Promise<Received | undefined> {
    return new Promise((resolve) => {
      this.#look = () => {
        const found = this.messages.find(fits);
        if (found !== undefined || signal.aborted) resolve(found);
      };
      signal.addEventListener('abort', this.#look, { once: true });
      this.#look();
    });
  }
}

/**
 * Logs in at the local broker of thin-edge.io with a client id that nobody else has, does `work`, and logs out.
 * @throws LinkError
 */
export async function withLocalBroker<T>(
  config: Config,
  signal: AbortSignal,
  work: (link: MqttLink, inbox: Inbox) => Promise<T>,
): Promise<T> {
  const inbox = new Inbox();
  const timing = { mqttConnectMs: STEP_MS, mqttAckMs: STEP_MS, mqttKeepAliveMs: KEEP_ALIVE_MS };
  const options: MqttLinkOptions = {
    ...localLink(config, timing, `check-${randomBytes(4).toString('hex')}`),
    onMessage: (topic, payload) => inbox.take({ topic, payload }),
  };
  const link = await MqttLink.open(options, signal);
  try {
    return await work(link, inbox);
  } finally {
    await link.close();
  }
}
