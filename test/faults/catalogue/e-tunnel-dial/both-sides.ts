import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import type { EndReason } from '../../../../contract/session-state.js';
import { closedPort } from '../../../helpers/closed-port.js';
import { eventually } from '../../../helpers/eventually.js';
import { closeFrame, frame } from '../../../helpers/raw-cloud.js';
import { SeededBytes, SeededCheck } from '../../../helpers/seeded-bytes.js';
import { reset } from '../../injectors/reset.js';
import { assertWithin, lapse } from '../../rig/time.js';
import type { Rig } from '../../rig.js';
import { endpointStand, plainUrl } from './endpoint.js';
import { upgraded } from './upgrade.js';

/*
 * What the cloud's side does right behind its 101, and what becomes of one side when the other one fails.
 */

/** E16 */
export async function gluedFrames(rig: Rig): Promise<void> {
  const bytes = 200_000;
  const glued = new SeededBytes('glued').next(bytes);
  const cloud = await rig.rawCloud({
    answer: (socket, request) => upgraded(socket, request, frame(0x82, glued)),
  });
  const stand = await rig.start({ sections: { cloud: { remoteAccessUrl: plainUrl(cloud) } } });
  const target = await rig.streamTarget();
  stand.operate(target);
  const check = new SeededCheck('glued');
  (await target.socket()).on('data', check.take);
  await eventually(() => check.bytes >= bytes || undefined, 'the bytes behind the 101');
  assert.equal(check.wrongAt, undefined);
  assert.equal(check.bytes, bytes);
}

type Ending = readonly [what: string, end: (socket: Socket) => void, reason: EndReason];

const ENDINGS: readonly Ending[] = [
  ...[1_000, 1_008, 1_011, 1_013].map((code): Ending => [
    `close ${code}`,
    (socket) => void socket.write(closeFrame(code)),
    'cloud-close',
  ]),
  ['FIN', (socket) => void socket.end(), 'cloud-fin'],
  ['RST', (socket) => void setTimeout(() => reset(socket), 50), 'cloud-reset'],
];

/** E17 */
export async function endsBehind101(rig: Rig): Promise<void> {
  let end: (socket: Socket) => void = () => undefined;
  const cloud = await rig.rawCloud({
    answer: (socket, request) => {
      upgraded(socket, request);
      end(socket);
    },
  });
  const stand = await rig.start({ sections: { cloud: { remoteAccessUrl: plainUrl(cloud) } } });
  const silent = await closedPort();
  rig.network.silence(silent);
  for (const [what, act] of ENDINGS) {
    end = act;
    const { ms } = await stand.expectFailed('cloud-protocol', { port: silent });
    assertWithin(ms, 1_000);
    rig.figure(`${what} ms`, ms);
  }
  const target = await rig.target();
  for (const [what, act, reason] of ENDINGS) {
    // Later than the target is connected.
    end = (socket) => void setTimeout(() => act(socket), 300);
    const { operation } = await stand.outcome(target);
    assert.equal(operation.status, 'SUCCESSFUL', what);
    await stand.expectSessionEnd(reason, operation.id);
  }
  stand.ledger.assertOneFinalStatusEach();
}

/** E18: 32 MiB are on offer before the target answers. */
export async function cloudSpeaksFirst(rig: Rig): Promise<void> {
  const bytes = 32 * 1_048_576;
  const cloud = await rig.rawCloud();
  const stand = await rig.start({ sections: { cloud: { remoteAccessUrl: plainUrl(cloud) } } });
  const target = await rig.streamTarget();
  rig.network.rule(`tcp dport ${target.port} drop`);
  const before = await stand.agent.residentBytes();
  const id = stand.operate(target);
  const peer = await cloud.peer();
  const source = new SeededBytes('impatient');
  const more = (): void => {
    while (source.bytes < bytes && peer.socket.write(frame(0x82, source.next(65_536))));
  };
  peer.socket.on('drain', more);
  more();
  await lapse(1_500);
  const grownMiB = ((await stand.agent.residentBytes()) - before) / 1_048_576;
  rig.figure('agent grew by MiB', grownMiB);
  rig.figure('held back after bytes', peer.socket.bytesWritten - peer.socket.writableLength);
  assert.ok(peer.socket.writableNeedDrain, 'the cloud is held back');
  assert.ok(grownMiB < 16, `the agent grew by ${grownMiB} MiB`);
  assert.equal((await stand.agent.sessions())[0]?.state, 'connecting');
  rig.network.clear();
  const check = new SeededCheck('impatient');
  (await target.socket()).on('data', check.take);
  await eventually(() => check.bytes >= bytes || undefined, 'what the cloud said first', 40_000);
  assert.equal(check.wrongAt, undefined);
  assert.equal((await stand.final(id)).status, 'SUCCESSFUL');
}

/** E22: each side fails at once while the other one is still trying. */
export async function bothFail(rig: Rig): Promise<void> {
  const { stand, use } = await endpointStand(rig, { scheme: 'http' });
  const silent = await rig.rawCloud({
    onConnection: (socket) => socket.on('end', () => socket.end()).resume(),
  });
  use(silent.port);
  const { ms } = await stand.expectFailed('target-refused', { port: await closedPort() });
  assertWithin(ms, 100);
  const goneMs = await timed(() =>
    eventually(() => silent.connections.size === 0 || undefined, 'the end of the dial to the cloud'),
  );
  rig.figure('cloud dial gone after ms', goneMs);
  assertWithin(goneMs, 100);
  const refusing = await rig.rawCloud({
    answer: (socket) => void socket.end('HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n'),
  });
  use(refusing.port);
  const port = await closedPort();
  rig.network.silence(port);
  await stand.expectFailed('cloud-unauthorized', { port });
  const targetGoneMs = await timed(async () => {
    while ((await stand.agent.sessions()).length > 0) await lapse(5);
  });
  rig.figure('target dial gone after ms', targetGoneMs);
  assertWithin(targetGoneMs, 100);
  stand.ledger.assertOneFinalStatusEach();
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** E23: a target that is silent, and one whose banner nobody has read. */
export async function targetSeesFin(rig: Rig): Promise<void> {
  const { stand, use } = await endpointStand(rig, { scheme: 'http' });
  const cloud = await rig.rawCloud({
    answer: (socket) =>
      void setTimeout(() => socket.end('HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n'), 300),
  });
  use(cloud.port);
  const targets = [
    await rig.target(() => undefined),
    await rig.target((socket) => void socket.write(Buffer.alloc(300_000, 7))),
  ];
  for (const target of targets) {
    await stand.expectFailed('cloud-unreachable', target);
    const connection = await target.connection();
    assert.equal(await connection.ended(), 'fin');
    connection.socket.end();
  }
  stand.ledger.assertOneFinalStatusEach();
}

/** E24 */
export async function cloudIsTold(rig: Rig): Promise<void> {
  const cloud = await rig.rawCloud();
  const stand = await rig.start({
    sections: { cloud: { remoteAccessUrl: plainUrl(cloud) }, limits: { connectTimeout: '1s' } },
  });
  const port = await closedPort();
  rig.network.silence(port);
  await stand.expectFailed('target-timeout', { port });
  const peer = await cloud.peer();
  const closed = await eventually(() => peer.closed, 'a close frame');
  assert.deepEqual(closed, { code: 1_011, reason: 'target-timeout' });
  stand.ledger.assertOneFinalStatusEach();
}
