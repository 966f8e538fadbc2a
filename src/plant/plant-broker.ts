import { performance } from 'node:perf_hooks';
import type { Backoff } from '../cloud/backoff.js';
import { LinkError, sentenceOf } from '../cloud/link-error.js';
import type { MqttLink } from '../cloud/mqtt-link.js';
import { isAborted, pause } from '../cloud/pause.js';
import type { PlantConfig } from '../config/config.js';
import { openPlantLink } from './plant-link.js';
import { Pulse, PULSE_MS } from './pulse.js';

/** Messages that wait for their acknowledgement; more are given up: each request is told of again at a reconnect. */
const MAX_PUBLISHING = 500;

/** Somebody who listens to a topic of the plant's broker. It must not throw. */
export interface PlantListener {
  /** A topic, or a filter with `+`. */
  readonly filter: string;
  onMessage(topic: string, payload: Buffer, isRetained: boolean): void;
  /** The subscription is in force; retained messages come next. */
  onUp(): void;
  /** It is not, and why: the end of a sentence. Told at each attempt. */
  onDown(why: string): void;
}

export interface PlantBrokerParts {
  readonly plant: PlantConfig;
  readonly backoff: Backoff;
  readonly log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
}

/** The connection to the plant's own MQTT broker: kept up, with its subscriptions, until it is stopped. */
export class PlantBroker {
  readonly #parts: PlantBrokerParts;
  readonly #listeners: PlantListener[] = [];
  readonly #stopped = new AbortController();
  #link: MqttLink | undefined;
  #publishing = 0;
  /** Filters whose retained messages are to be asked for; at most one for each listener. */
  readonly #due = new Set<string>();
  #isAsking = false;
  #running: Promise<void> | undefined;
  #lastWhy: string | undefined;

  constructor(parts: PlantBrokerParts) {
    this.#parts = parts;
  }

  /** Where it is, for messages. */
  get place(): string {
    return new URL(this.#parts.plant.mqttUrl).host;
  }

  /** Before `start`. */
  listen(listener: PlantListener): void {
    this.#listeners.push(listener);
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Ends the connection, with what is being published delivered if that takes no time. */
  async stop(): Promise<void> {
    const link = this.#link;
    this.#link = undefined;
    if (link !== undefined) await link.close();
    this.#stopped.abort();
    await this.#running;
  }

  /** Asks for the retained messages of a filter once more; they are told as such, which others are not. */
  again(filter: string): void {
    this.#due.add(filter);
    this.#askAgain();
  }

  /** Publishes with QoS 1, if there is a connection. An empty payload that is retained removes what was. */
  publish(topic: string, payload: string, retain: boolean): void {
    const link = this.#link;
    if (link === undefined || this.#publishing >= MAX_PUBLISHING) return;
    this.#publishing += 1;
    void link
      .publish(topic, payload, { retain })
      .catch(() => undefined)
      .finally(() => (this.#publishing -= 1));
  }

  /** One question at a time: however many messages come meanwhile, they are one more reason to ask once. */
  #askAgain(): void {
    const [filter] = this.#due;
    const link = this.#link;
    if (filter === undefined || link === undefined || this.#isAsking) return;
    this.#due.delete(filter);
    this.#isAsking = true;
    const done = (): void => {
      this.#isAsking = false;
      this.#askAgain();
    };
    void link.subscribe(filter).then(done, done);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    const { backoff } = this.#parts;
    while (!isAborted(signal)) {
      const why = await this.#connection(signal).catch(sentenceOf);
      this.#link = undefined;
      if (isAborted(signal)) return;
      this.#tellDown(why);
      await pause(backoff.next(), signal);
    }
  }

  /** One connection, from its login to its end; resolves or rejects with why it ended. */
  async #connection(signal: AbortSignal): Promise<string> {
    const { plant, backoff, log } = this.#parts;
    const link = await openPlantLink(
      plant,
      (topic, payload, isRetained) => this.#onMessage(topic, payload, isRetained),
      signal,
    );
    const pulse = new Pulse({
      ping: () => link.ping(),
      onSilent: () => link.destroy(new LinkError(`the broker did not answer a ping within ${PULSE_MS} ms`)),
      now: () => performance.now(),
    });
    try {
      for (const { filter } of this.#listeners) {
        if (!(await link.subscribe(filter)))
          throw new Error(`the broker refuses the subscription to ${filter}`);
      }
      backoff.up();
      this.#link = link;
      this.#askAgain();
      if (this.#lastWhy !== undefined)
        log.info({ broker: this.place }, "connected to the plant's broker again");
      this.#lastWhy = undefined;
      for (const listener of this.#listeners) listener.onUp();
      return sentenceOf(await link.closed);
    } finally {
      pulse.stop();
      link.destroy();
    }
  }

  #onMessage(topic: string, payload: Buffer, isRetained: boolean): void {
    for (const listener of this.#listeners) {
      if (matches(listener.filter, topic)) listener.onMessage(topic, payload, isRetained);
    }
  }

  #tellDown(why: string): void {
    // Attempts that fail one like the other are one piece of news.
    if (why !== this.#lastWhy)
      this.#parts.log.warn({ broker: this.place, why }, "the plant's broker is not there");
    this.#lastWhy = why;
    for (const listener of this.#listeners) listener.onDown(why);
  }
}

/** Whether an MQTT topic is one that a filter with `+` names. */
export function matches(filter: string, topic: string): boolean {
  const [wanted, levels] = [filter.split('/'), topic.split('/')];
  return (
    wanted.length === levels.length &&
    wanted.every((level, index) => level === '+' || level === levels[index])
  );
}
