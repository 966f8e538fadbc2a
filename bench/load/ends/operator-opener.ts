import type { OperatorClient } from '../../../src/cli/connect/operator-client.js';
import { StreamChannel, type Channel } from '../traffic/channel.js';
import { OpenError, type Opener } from './cloud-end.js';

export interface OperatorOpenerOptions {
  readonly client: OperatorClient;
  readonly deviceId: string;
  readonly configurationId: string;
}

/** Opens sessions as `gatehouse connect` does: the client's WebSocket of somebody's own tenant. */
export class OperatorOpener implements Opener {
  readonly #options: OperatorOpenerOptions;

  constructor(options: OperatorOpenerOptions) {
    this.#options = options;
  }

  async open(number: number): Promise<Channel> {
    const { client, deviceId, configurationId } = this.#options;
    try {
      const tunnel = await client.openTunnel(deviceId, configurationId);
      return new StreamChannel(tunnel, () => {
        void tunnel.close();
      });
    } catch (error) {
      const sentence = error instanceof Error ? error.message : String(error);
      throw new OpenError('not-opened', `session ${number}: ${sentence}`);
    }
  }
}
