import { LinkError } from './link-error.js';
import type { MqttLink } from './mqtt-link.js';
import { createDevice } from './smartrest.js';
import { isToken } from './token.js';

/** Where a device with a certificate asks for a token, and where the answer comes. */
const ASK = 's/uat';
export const TOKEN_TOPIC = 's/dat';

/** Longest wait for the answer, in ms. It has no request of its own to go by: the first one that comes is taken. */
const ANSWER_MS = 8_000;

/** `71,<token>`; some versions put it in quotes. */
const ANSWER = /^71,"?([^",\s]+)"?\s*$/;

/** Tokens over an MQTT connection that a certificate has logged in. */
export class TokenReplies {
  #waiting: ((token: string) => void) | undefined;

  /** A message on TOKEN_TOPIC. What nobody waits for is dropped. */
  onMessage(payload: Buffer): void {
    const token = ANSWER.exec(payload.toString('utf8').split('\n', 1)[0] ?? '')?.[1];
    if (token !== undefined && isToken(token)) this.#waiting?.(token);
  }

  /**
   * Asks over `link`, whose messages on TOKEN_TOPIC come to `onMessage`. One at a time.
   * @param deviceName for a device that the cloud does not know yet: its first message creates it.
   * @throws LinkError
   */
  async ask(link: MqttLink, deviceName: string, signal: AbortSignal): Promise<string> {
    if (!(await link.subscribe(TOKEN_TOPIC))) {
      await link.publish('s/us', createDevice(deviceName));
      if (!(await link.subscribe(TOKEN_TOPIC)))
        throw new LinkError(`the broker refuses ${TOKEN_TOPIC}`, { pace: { kind: 'slow' } });
    }
    let settle: () => void = () => undefined;
    const answer = new Promise<string | undefined>((resolve) => {
      this.#waiting = resolve;
      settle = () => resolve(undefined);
    });
    const timer = setTimeout(settle, ANSWER_MS);
    signal.addEventListener('abort', settle);
    try {
      await link.publish(ASK, '');
      const outcome = await Promise.race([answer, link.closed]);
      if (typeof outcome === 'string') return outcome;
      throw outcome ?? new LinkError(`the broker gave no token on ${TOKEN_TOPIC} within ${ANSWER_MS} ms`);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', settle);
      this.#waiting = undefined;
    }
  }
}
