import { LinkError } from './link-error.js';
import { MqttLink, type MqttLinkOptions } from './mqtt-link.js';
import { TOKEN_TOPIC, TokenReplies } from './token-replies.js';
import type { TokenWay } from './token-way.js';

export interface TokenBrokerOptions {
  /** As for the intake: the connection has the device's one client id, and throws out another one that has it. */
  readonly link: Omit<MqttLinkOptions, 'onMessage'>;
  readonly deviceName: string;
  /** False while the client id is another process's. */
  readonly mayConnect: () => boolean;
}

/** Tokens of the MQTT endpoint, each over a connection of its own. */
export class TokenBroker implements TokenWay {
  readonly kind = 'mqtt';
  readonly #options: TokenBrokerOptions;

  constructor(options: TokenBrokerOptions) {
    this.#options = options;
  }

  async fetch(signal: AbortSignal): Promise<string> {
    const { link: linkOptions, deviceName, mayConnect } = this.#options;
    if (!mayConnect()) throw new LinkError('the MQTT connection is that of the next generation of the agent');
    const replies = new TokenReplies();
    const onMessage = (topic: string, payload: Buffer) => {
      if (topic === TOKEN_TOPIC) replies.onMessage(payload);
    };
    const link = await MqttLink.open({ ...linkOptions, onMessage }, signal);
    try {
      return await replies.ask(link, deviceName, signal);
    } finally {
      await link.close();
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
