import { LinkError } from '../link-error.js';
import type { MqttLink } from '../mqtt-link.js';
import type { MqttUplink } from '../mqtt-uplink.js';
import { isToken } from '../token.js';
import type { BridgeTopics } from './bridge-topics.js';

/** Question and answer travel with QoS 0, so one that was lost is asked again. */
const ATTEMPTS = 2;

/** Longest wait for one answer, in ms: far above the way through the bridge, and both well below what a user waits. */
const ANSWER_MS = 5_000;

/** `71,<token>`; quotes are allowed around a field. */
const ANSWER = /^71,"?([^",\s]+)"?\s*$/;

const REFUSED =
  'the cloud gives this device no tokens, because thin-edge.io logs in with a password: name its file in c8y.credentials_path, or give cloud.user and cloud.password';

/** What the cloud answers to a device that asks for a token although it logs in with a password. */
const REFUSAL = /^\d+,,MqttAuth/m;

/** The token in a message on the topic of tokens; undefined when there is none. */
export function tokenOf(payload: Uint8Array): string | undefined {
  const [line = ''] = Buffer.from(payload).toString('utf8').split('\n', 1);
  const token = ANSWER.exec(line)?.[1];
  return token !== undefined && isToken(token) ? token : undefined;
}

/** Whether a message on the error topic is about a token that was asked for. */
export function isTokenRefusal(payload: Uint8Array): boolean {
  return REFUSAL.test(Buffer.from(payload).toString('utf8'));
}

export interface BridgeTokensParts {
  readonly uplink: MqttUplink;
  readonly topics: Pick<BridgeTopics, 'tokenRequest'>;
  /** Default ANSWER_MS; for tests. */
  readonly answerMs?: number | undefined;
}

/** Tokens of the device, asked for over the bridge of thin-edge.io, which is logged in with its certificate. */
export class BridgeTokens {
  readonly #parts: BridgeTokensParts;
  #waiting: ((answer: string | LinkError) => void) | undefined;

  constructor(parts: BridgeTokensParts) {
    this.#parts = parts;
  }

  /** A message on the topic of tokens. Others on this gateway ask as well: what nobody waits for is dropped. */
  onMessage(payload: Uint8Array): void {
    const token = tokenOf(payload);
    if (token !== undefined) this.#waiting?.(token);
  }

  /** The cloud has refused a question. */
  onRefused(): void {
    this.#waiting?.(new LinkError(REFUSED, { pace: { kind: 'slow' } }));
  }

  /** Asks for a token; one at a time. @throws LinkError with what to do */
  async fetch(signal: AbortSignal): Promise<string> {
    for (let attempt = 1; attempt <= ATTEMPTS && !signal.aborted; attempt += 1) {
      const answer = await this.#ask(signal);
      if (answer instanceof LinkError) throw answer;
      if (answer !== undefined) return answer;
    }
    throw new LinkError('the bridge of thin-edge.io brought no token');
  }

  async #ask(signal: AbortSignal): Promise<string | LinkError | undefined> {
    const { uplink, topics, answerMs = ANSWER_MS } = this.#parts;
    const own = new AbortController();
    const onAbort = (): void => own.abort();
    const timer = setTimeout(onAbort, answerMs);
    signal.addEventListener('abort', onAbort);
    try {
      const link = await uplink.current(own.signal);
      if (link === undefined) return new LinkError('the bridge of thin-edge.io to the cloud is down');
      return await this.#exchange(link, topics.tokenRequest, own.signal);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      this.#waiting = undefined;
    }
  }

  async #exchange(
    link: MqttLink,
    topic: string,
    signal: AbortSignal,
  ): Promise<string | LinkError | undefined> {
    const answer = new Promise<string | LinkError>((resolve) => (this.#waiting = resolve));
    const late = new Promise<undefined>((resolve) => {
      signal.addEventListener('abort', () => resolve(undefined), { once: true });
      if (signal.aborted) resolve(undefined);
    });
    await link.publish(topic, '');
    return Promise.race([answer, link.closed, late]);
  }
}
