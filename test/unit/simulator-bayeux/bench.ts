import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { BayeuxEndpoint, type BayeuxEndpointOptions } from '../../../simulator/bayeux/bayeux.js';
import type { BayeuxMessage } from '../../../simulator/bayeux/message.js';
import { Platform } from '../../../simulator/platform.js';

/** Longest wait for anything in these tests, in ms. */
export const LIMIT_MS = 5_000;

export const OPERATIONS = '/notification/operations';
export const REALTIME = '/notification/realtime';

/** Basic credentials of the device user of gw-7, as Bayeux wants them in a handshake. */
export const TOKEN = Buffer.from('t0815/device_gw-7:secret').toString('base64');

const HEADERS = { Authorization: `Basic ${TOKEN}`, Accept: 'application/json' };

/** A platform with gw-7 and its child plc-3, and its real-time endpoint on a free port. */
export async function startBench(context: TestContext, options: Partial<BayeuxEndpointOptions> = {}) {
  const platform = new Platform();
  platform.users.addDevice('gw-7', 'secret');
  const gateway = platform.ensureDevice('gw-7');
  const child = platform.ensureDevice('plc-3', {}, gateway.id, 'device_gw-7');
  const endpoint = new BayeuxEndpoint(platform, {
    ...{ longPollMs: 60_000, heartbeatMs: 60_000, sessionMs: 60_000, deliveryDelayMs: 0 },
    ...options,
  });
  const server = createServer((request, response) => {
    endpoint.onRequest(request, response, platform.users.authenticate(request.headers.authorization));
  });
  server.on('upgrade', (request, socket, head) => endpoint.onUpgrade(request, socket, head));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    endpoint.stop();
    server.close();
    server.closeAllConnections();
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const request = (deviceId: string) => platform.operations.create(deviceId, { c8y_Restart: {} });
  return { platform, endpoint, gateway, child, host, url: `http://${host}`, request };
}

/** One POST; the reply as it came. */
export function post(
  url: string,
  messages: unknown,
  headers: Readonly<Record<string, string>> = HEADERS,
): Promise<Response> {
  const body = typeof messages === 'string' ? messages : JSON.stringify(messages);
  return fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(LIMIT_MS) });
}

/** A long-polling client of our own: one session, message by message. */
export class Poller {
  clientId = '';
  readonly #url: string;

  private constructor(url: string) {
    this.#url = url;
  }

  static async start(url: string, subscription: string, ext?: object): Promise<Poller> {
    const poller = new Poller(url);
    const [shaken] = await poller.say('handshake', { version: '1.0', ext });
    poller.clientId = shaken?.clientId ?? '';
    await poller.say('subscribe', { subscription });
    return poller;
  }

  /** Sends `/meta/<kind>` and gives what comes back. */
  async say(kind: string, fields: object = {}): Promise<BayeuxMessage[]> {
    const { clientId } = this;
    const response = await post(this.#url, [{ channel: `/meta/${kind}`, id: '1', clientId, ...fields }]);
    return (await response.json()) as BayeuxMessage[];
  }

  connect(fields: object = {}): Promise<BayeuxMessage[]> {
    return this.say('connect', { connectionType: 'long-polling', ...fields });
  }
}

/** A WebSocket client of our own. */
export class Talker {
  readonly #webSocket: WebSocket;
  readonly #received: BayeuxMessage[] = [];

  private constructor(webSocket: WebSocket) {
    this.#webSocket = webSocket;
    webSocket.on('message', (data: Buffer) => {
      this.#received.push(...(JSON.parse(data.toString('utf8')) as BayeuxMessage[]));
      webSocket.emit('received');
    });
  }

  static async start(
    context: TestContext,
    url: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Talker> {
    const webSocket = new WebSocket(url, { headers });
    context.after(() => webSocket.terminate());
    const talker = new Talker(webSocket);
    await once(webSocket, 'open', { signal: AbortSignal.timeout(LIMIT_MS) });
    return talker;
  }

  say(message: object): void {
    this.#webSocket.send(JSON.stringify([message]));
  }

  /** The next message on a channel, taken out. */
  async next(channel: string): Promise<BayeuxMessage> {
    const signal = AbortSignal.timeout(LIMIT_MS);
    for (;;) {
      const index = this.#received.findIndex((message) => message.channel === channel);
      const [found] = index < 0 ? [] : this.#received.splice(index, 1);
      if (found !== undefined) return found;
      await once(this.#webSocket, 'received', { signal });
    }
  }

  async closed(): Promise<number> {
    const [code] = (await once(this.#webSocket, 'close', { signal: AbortSignal.timeout(LIMIT_MS) })) as [
      number,
    ];
    return code;
  }
}

/** Waits until this is true, with a limit; for states that no event tells. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const endsAtMs = Date.now() + LIMIT_MS;
  while (!condition()) {
    if (Date.now() > endsAtMs) throw new Error(`waited too long until ${what}`);
    await delay(5);
  }
}
