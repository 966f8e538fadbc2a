import { setTimeout as delay } from 'node:timers/promises';
import type { TestContext } from 'node:test';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { type MqttServer, startMqtt } from '../../../simulator/mqtt/mqtt.js';
import { type MqttOptions, Platform } from '../../../simulator/platform.js';

/** Longest wait for anything in these tests, in ms. */
export const LIMIT_MS = 5_000;

/** A platform with the device user of gw-7 and an MQTT endpoint on free ports. */
export async function startBench(
  context: TestContext,
  options: Partial<MqttOptions> = {},
): Promise<{ platform: Platform; server: MqttServer; url: string }> {
  const platform = new Platform();
  platform.users.addDevice('gw-7', 'secret');
  const server = await startMqtt(platform, { host: '127.0.0.1', port: 0, deliveryDelayMs: 0, ...options });
  context.after(() => server.stop());
  return { platform, server, url: `mqtt://127.0.0.1:${server.port ?? 0}` };
}

/** What a client has received, by topic. */
export class Inbox {
  readonly #messages: { topic: string; payload: string; qos: number; retain: boolean }[] = [];

  constructor(client: MqttClient) {
    client.on('message', (topic, payload, { qos, retain }) => {
      this.#messages.push({ topic, payload: payload.toString(), qos, retain });
    });
  }

  /** Payloads of a topic once there are so many. */
  async of(topic: string, count = 1): Promise<string[]> {
    await until(() => this.all(topic).length >= count, `${count} messages on ${topic}`);
    return this.all(topic);
  }

  all(topic: string): string[] {
    return this.#messages.filter((message) => message.topic === topic).map(({ payload }) => payload);
  }
}

/** Logs in as the device user of gw-7 unless told otherwise; never reconnects. */
export async function connect(
  context: TestContext,
  url: string,
  options: IClientOptions = {},
): Promise<{ client: MqttClient; inbox: Inbox }> {
  const client = await connectAsync(url, { ...LOGIN, ...options });
  // MQTT.js says `error` for a late CONNACK and for garbage; tests that want it listen themselves.
  client.on('error', () => undefined);
  context.after(() => client.endAsync(true));
  return { client, inbox: new Inbox(client) };
}

/** Options of a client that logs in as the device user of gw-7. */
export const LOGIN: IClientOptions = {
  clientId: 'd:gw-7',
  username: 't0815/device_gw-7',
  password: 'secret',
  reconnectPeriod: 0,
  connectTimeout: LIMIT_MS,
  protocolVersion: 4,
};

/** Resolves when the connection of a client is gone, with a limit. */
export function closed(client: MqttClient): Promise<void> {
  return until(() => !client.connected, 'the connection is gone');
}

/** Waits until this is true, with a limit; for states that no event tells. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const endsAtMs = Date.now() + LIMIT_MS;
  while (!condition()) {
    if (Date.now() > endsAtMs) throw new Error(`waited too long until ${what}`);
    await delay(5);
  }
}
