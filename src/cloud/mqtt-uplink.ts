import type { MqttLink } from './mqtt-link.js';

/** The MQTT connection that is up at the moment, for those who publish: they wait while there is none. */
export class MqttUplink {
  #link: MqttLink | undefined;
  readonly #waiting = new Set<(link: MqttLink | undefined) => void>();
  #hasGivenUp = false;

  /** The connection, if there is one now. */
  get link(): MqttLink | undefined {
    return this.#link;
  }

  /** `link` is up. */
  attach(link: MqttLink): void {
    this.#link = link;
    this.#hasGivenUp = false;
    for (const resolve of this.#waiting) resolve(link);
    this.#waiting.clear();
  }

  /** `link` is gone. */
  detach(link: MqttLink): void {
    if (this.#link === link) this.#link = undefined;
  }

  /** There will be no connection for now: those who wait shall find another way. */
  giveUp(): void {
    this.#hasGivenUp = true;
    for (const resolve of this.#waiting) resolve(undefined);
    this.#waiting.clear();
  }

  /** There is a connection now. */
  get isUp(): boolean {
    return this.#link !== undefined;
  }

  /** The connection, as soon as there is one; undefined when `signal` aborts first, or none will come. */
  current(signal: AbortSignal): Promise<MqttLink | undefined> {
    if (signal.aborted || this.#hasGivenUp || this.#link !== undefined) return Promise.resolve(this.#link);
    return new Promise((resolve) => {
      const onLink = (link: MqttLink | undefined) => {
        signal.removeEventListener('abort', onAbort);
        resolve(link);
      };
      const onAbort = () => {
        this.#waiting.delete(onLink);
        resolve(undefined);
      };
      this.#waiting.add(onLink);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }
}
