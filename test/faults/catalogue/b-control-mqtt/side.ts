import assert from 'node:assert/strict';
import type { Cloud } from '../../../../simulator/cloud.js';
import { eventually } from '../../../helpers/eventually.js';
import type { Stand } from '../../rig/stand.js';

/** Operations with their ids. */
export const OPERATIONS = 'devicecontrol/notifications';

/** The list of operations over REST is not to be had, so that whatever arrives has come over MQTT. */
export const NO_LIST = { requests: [{ method: 'GET', path: '/devicecontrol/operations', status: 503 }] };

export function mqttOf(cloud: Cloud) {
  return cloud.mqtt ?? assert.fail('no MQTT');
}

/** The agent's connection at the broker, once it is subscribed to everything. */
export function clientOf(stand: Stand, limitMs?: number) {
  return eventually(
    () =>
      mqttOf(stand.cloud)
        .clients()
        .find(({ topics }) => topics.includes(OPERATIONS) && topics.includes('s/e')),
    'a subscribed client',
    limitMs,
  );
}

/** An operation as the cloud sends it to devices. */
export function documentOf(stand: Stand, id: string): string {
  return JSON.stringify(stand.operations().find((one) => one.id === id));
}

/** A PUBLISH as it is on the wire. `flags` are DUP (8), QoS (2 for 1) and RETAIN (1). */
export function publish(flags: number, payload: string, packetId: number): Buffer {
  const topic = Buffer.from(OPERATIONS);
  const id = (flags & 6) === 0 ? Buffer.alloc(0) : Buffer.from([packetId >> 8, packetId & 0xff]);
  const rest = Buffer.concat([
    Buffer.from([topic.length >> 8, topic.length & 0xff]),
    topic,
    id,
    Buffer.from(payload),
  ]);
  return Buffer.concat([Buffer.from([0x30 | flags]), lengthBytes(rest.length), rest]);
}

function lengthBytes(length: number): Buffer {
  const bytes: number[] = [];
  for (let left = length; bytes.length === 0 || left > 0; left >>= 7) {
    bytes.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
  }
  return Buffer.from(bytes);
}
