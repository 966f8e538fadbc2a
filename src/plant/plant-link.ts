import { randomBytes } from 'node:crypto';
import { MqttLink, type MqttLinkOptions } from '../cloud/mqtt-link.js';
import type { PlantConfig } from '../config/config.js';

/** What the broker is told of our silence, in ms; its own is noticed earlier, by the pulse. */
const KEEP_ALIVE_MS = 2_000;

/** Longest time for TCP and TLS, and for each acknowledgement, in ms; the broker is next door. */
const CONNECT_MS = 3_000;
const ACK_MS = 3_000;

/** Logs in at the plant's broker, with a client id that nobody else has. @throws LinkError */
export function openPlantLink(
  plant: PlantConfig,
  onMessage: MqttLinkOptions['onMessage'],
  signal: AbortSignal,
): Promise<MqttLink> {
  const { mqttUrl: url, ca } = plant;
  return MqttLink.open(
    {
      transport: { url, ca, minTlsVersion: 'TLSv1.2', proxy: undefined, connectMs: CONNECT_MS },
      // A new one each time, also for generations side by side: two with one id would throw each other out.
      clientId: `gatehouse${randomBytes(6).toString('hex')}`,
      login: () => loginOf(plant),
      keepAliveMs: KEEP_ALIVE_MS,
      ackMs: ACK_MS,
      onMessage,
    },
    signal,
  );
}

function loginOf({ user, password }: PlantConfig): { username: string; password: string } | undefined {
  return user === undefined ? undefined : { username: user, password: password?.reveal() ?? '' };
}
