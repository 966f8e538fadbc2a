import assert from 'node:assert/strict';
import { eventually } from '../../../helpers/eventually.js';
import type { Rig } from '../../rig.js';
import { lapse } from '../../rig/time.js';
import { allUp, BACK_MS, down, downs, ups, works } from '../control/link.js';
import { clientOf, documentOf, mqttOf, NO_LIST, OPERATIONS, publish } from './side.js';

/** The metrics page is kept for a second, in ms: an older one may not know yet. */
const METRICS_KEPT_MS = 1_200;

/** B06: a notification again, with DUP, and under other packet ids. */
export async function repeated(rig: Rig): Promise<void> {
  const stand = await rig.start({ intake: 'mqtt' });
  const target = await rig.target();
  mqttOf(stand.cloud).faults.duplicateDeliveries = 2;
  const client = await clientOf(stand);
  const id = stand.operate(target);
  const document = documentOf(stand, id);
  for (const [flags, packetId] of [
    [0x2, 900],
    [0xa, 900],
    [0xa, 901],
    [0x2, 902],
  ] as const) {
    client.sendGarbage(publish(flags, document, packetId));
  }
  await allUp(stand, [id]);
  await works(stand, target);
  assert.equal(target.connections.length, 2, 'one for each operation');
  assert.equal(downs(stand.agent).length, 0);
}

/** B07: the same notification after a reconnect, as its PUBACK was lost. */
export async function repeatedLater(rig: Rig): Promise<void> {
  const stand = await rig.start({ intake: 'mqtt' });
  const target = await rig.target();
  const id = stand.operate(target);
  const document = documentOf(stand, id);
  await allUp(stand, [id]);
  mqttOf(stand.cloud).dropConnections();
  await ups(stand.agent, 2);
  (await clientOf(stand)).sendGarbage(publish(0xa, document, 77));
  await works(stand, target);
  assert.equal(target.connections.length, 2);
  stand.ledger.assertOneFinalStatusEach();
}

/** B08: what is old comes with the subscription, and a retained one that is done. */
export async function old(rig: Rig): Promise<void> {
  let ageMs = 600_000;
  const stand = await rig.start({
    intake: 'mqtt',
    launch: false,
    cloud: { now: () => Date.now() - ageMs },
  });
  const target = await rig.target();
  const stale = stand.operate(target);
  ageMs = 0;
  await stand.launch();
  await eventually(() => stand.ledger.finalOf(stale), 'the final status of the old one');
  assert.equal(stand.ledger.story(stale), 'PENDING FAILED operation-stale');
  const id = stand.operate(target);
  const document = documentOf(stand, id);
  await allUp(stand, [id]);
  (await clientOf(stand)).sendGarbage(publish(0x3, document, 5));
  await works(stand, target);
  assert.equal(target.connections.length, 2);
}

/** What a packet of any announced size may cost, in bytes; the bound itself is 64 KiB. */
const MOST_BYTES = 16 * 1_048_576;

/** B09: packets that are too large, announced and sent. */
export async function oversized(rig: Rig): Promise<void> {
  const stand = await rig.start({ intake: 'mqtt' });
  const before = await stand.agent.residentBytes();
  (await clientOf(stand)).sendGarbage(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]));
  await down(stand.agent, /announced a packet of more than 65536 bytes/);
  await ups(stand.agent, 2);
  (await clientOf(stand)).sendOversized(OPERATIONS, 8_000_000);
  await ups(stand.agent, 3);
  const grown = (await stand.agent.residentBytes()) - before;
  rig.figure('grown MiB', grown / 1_048_576);
  assert.ok(grown < MOST_BYTES, `${grown} bytes more`);
  await lapse(METRICS_KEPT_MS);
  assert.equal(await stand.agent.metric('gatehouse_control_violations_total{kind="oversized"}'), 2);
  await works(stand, await rig.target());
}

const GARBAGE: readonly Uint8Array[] = [
  Buffer.from([0x00, 0xff, 0xff, 0xff]),
  Buffer.from([0xf0, 0x00]),
  Buffer.from([0x30, 0x80, 0x80, 0x80, 0x80, 0x01]),
  Buffer.from(`HTTP/1.1 400 Bad Request\r\n\r\n${'x'.repeat(50_000)}`),
];

/** B10: what is no MQTT ends the connection, with one line each. */
export async function garbage(rig: Rig): Promise<void> {
  const stand = await rig.start({ intake: 'mqtt' });
  for (const [index, bytes] of GARBAGE.entries()) {
    (await clientOf(stand, BACK_MS)).sendGarbage(bytes);
    await ups(stand.agent, index + 2);
    assert.equal(downs(stand.agent).length, index + 1, 'one line for each connection');
  }
  await lapse(METRICS_KEPT_MS);
  const counted = await stand.agent.metric('gatehouse_control_violations_total{kind="malformed"}');
  assert.ok(counted >= 3, `${counted} counted`);
  await works(stand, await rig.target());
}

/** B15: refusals on the broker's error topic. */
export async function errorMessages(rig: Rig): Promise<void> {
  const stand = await rig.start({ intake: 'mqtt' });
  const client = await clientOf(stand);
  for (let count = 0; count < 300; count += 1) {
    client.send('s/e', `50,506,Error number ${count}, \u0007control\r\n41,,Device already existing`);
  }
  await eventually(
    () => stand.agent.log().some(({ msg }) => msg === 'the broker refuses a message of ours') || undefined,
    'a line',
  );
  await works(stand, await rig.target());
  assert.equal(await stand.agent.metric('gatehouse_control_violations_total{kind="error-message"}'), 600);
  const lines = stand.agent.log().filter(({ msg }) => msg === 'the broker refuses a message of ours');
  rig.figure('lines of 600', lines.length);
  assert.ok(lines.length <= 150, `${lines.length} lines`);
  assert.ok(lines.every(({ line }) => /^[\x20-\x7e]*$/.test(String(line))));
  assert.equal(downs(stand.agent).length, 0);
}

/** B16: several documents in one message, with every line end and some that are no good. */
export async function severalLines(rig: Rig): Promise<void> {
  const stand = await rig.start({
    intake: 'mqtt',
    before: (cloud) => {
      cloud.faults.set(NO_LIST);
    },
  });
  const target = await rig.target();
  const client = await clientOf(stand);
  mqttOf(stand.cloud).faults.deliveryDelayMs = 600_000;
  const ids = [stand.operate(target), stand.operate(target), stand.operate(target)];
  const [one = '', two = '', three = ''] = ids.map((id) => documentOf(stand, id));
  client.send(OPERATIONS, `${one}\r\nnot JSON at all\n\n{"id":"1"\n${two}\n{"id":7}\n530,x,y\r\n${three}\n`);
  await allUp(stand, ids);
  const counted = await stand.agent.metric('gatehouse_control_violations_total{kind="unusable-operation"}');
  assert.ok(counted >= 3, `${counted} counted`);
  await lapse(100);
  assert.equal(downs(stand.agent).length, 0);
}
