import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { parser, type Packet } from 'mqtt-packet';
import { MAX_MQTT_PACKET_BYTES, PacketScanner } from '../../../src/cloud/packet-scanner.js';
import { bytesOf, surface, type Case, type Written } from '../../hostile/cases.js';
import type { FuzzTarget } from '../target.js';

const CONNACK = Buffer.from('20020000', 'hex');

const PACKET = fc
  .tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 200 }), fc.boolean())
  .map(([first, body, isPublish]) => {
    const topic = Buffer.concat([Buffer.of(0, Math.min(body.length, 5)), body]);
    const bytes = isPublish ? topic : Buffer.from(body.subarray(0, 3));
    const length = bytes.length < 128 ? [bytes.length] : [0x80 | (bytes.length & 0x7f), bytes.length >> 7];
    return Buffer.concat([Buffer.of(isPublish ? 0x30 | (first & 0x0f) : first, ...length), bytes]);
  });

export const mqtt: FuzzTarget = {
  name: 'mqtt',
  holds: 'what the guard lets through the parser reads to whole packets, wherever it is cut',
  seeds: () =>
    surface<Case & { readonly at: string; readonly bytes: Written }>('mqtt').cases.map(({ at, bytes }) => {
      const rest = bytesOf(JSON.parse(JSON.stringify(bytes).replaceAll('{id}', '0001')) as Written);
      return at === 'connect' ? rest : Buffer.concat([CONNACK, rest]);
    }),
  dictionary: [
    CONNACK,
    Buffer.from('9003000101', 'hex'),
    Buffer.from('40020001', 'hex'),
    Buffer.from('d000', 'hex'),
    Buffer.from('3205000161', 'hex'),
    'devicecontrol/notifications',
  ],
  structured: fc.array(PACKET, { maxLength: 5 }).map((packets) => Buffer.concat([CONNACK, ...packets])),
  check: (input) => {
    const fault = new PacketScanner().scan(input);
    const oneByOne = new PacketScanner();
    let found: unknown;
    for (const byte of input) found ??= oneByOne.scan(Uint8Array.of(byte));
    assert.deepEqual(found, fault);
    if (fault !== undefined) return;
    for (const packet of packetsOf(input)) checkPacket(packet);
  },
};

/** What the library's parser makes of bytes that the guard has passed. */
function packetsOf(bytes: Buffer): Packet[] {
  const packets: Packet[] = [];
  let error: Error | undefined;
  const reader = parser({ protocolVersion: 4 });
  reader.on('packet', (packet: Packet) => packets.push(packet));
  reader.on('error', (one: Error) => (error ??= one));
  reader.parse(bytes);
  // It complains of what is inside the packets, too; then the link ends, as with the guard.
  return error === undefined ? packets : [];
}

function checkPacket(packet: Packet): void {
  assert.ok((packet.length ?? 0) <= MAX_MQTT_PACKET_BYTES);
  const hasId =
    ['puback', 'pubrec', 'pubrel', 'pubcomp', 'suback', 'unsuback'].includes(packet.cmd) ||
    (packet.cmd === 'publish' && packet.qos > 0);
  if (hasId) assert.ok(Number.isInteger(packet.messageId), `${packet.cmd} without an id`);
  if (packet.cmd === 'connack') assert.ok(Number.isInteger(packet.returnCode), 'CONNACK without a code');
  if (packet.cmd === 'publish') assert.equal(typeof packet.topic, 'string');
}
