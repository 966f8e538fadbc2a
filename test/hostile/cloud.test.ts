import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { FailureCode } from '../../contract/failure.js';
import { AgentProcess } from '../helpers/agent-process.js';
import { eventually } from '../helpers/eventually.js';
import { PlantTarget } from '../helpers/plant.js';
import { frame, RawCloud, type Answer, type CloudPeer } from '../helpers/raw-cloud.js';
import { bytesOf, surface } from './cases.js';
import type { FrameCase } from './frame-cases.js';
import { answering, type UpgradeCase } from './upgrade-cases.js';

/** Bytes that the neighbour carries, both ways, while each attack is under way. */
const NEIGHBOUR_BYTES = 262_144;

const MAX_MESSAGE_BYTES = 1_048_576;

/** Writes a piece again and again until the connection is gone. */
function drip(socket: Socket, piece: string, everyMs: number): void {
  const timer = setInterval(() => socket.write(piece, 'latin1'), everyMs);
  socket.once('close', () => clearInterval(timer));
}

/** Answers that need more than bytes: time. */
const DRIPS: readonly (readonly [what: string, answer: Answer, code: FailureCode])[] = [
  [
    'an endless header',
    (socket) => {
      socket.write('HTTP/1.1 101 X\r\n');
      drip(socket, `X-Y: ${'z'.repeat(4_000)}\r\n`, 1);
    },
    'cloud-protocol',
  ],
  [
    'headers one byte at a time',
    (socket) => {
      socket.write('HTTP/1.1 101 X\r\nX-Y: ');
      drip(socket, 'z', 50);
    },
    'cloud-timeout',
  ],
  [
    'an endless row of 100 Continue',
    (socket) => drip(socket, 'HTTP/1.1 100 Continue\r\n\r\n', 50),
    'cloud-timeout',
  ],
];

const REFUSALS = [
  ...surface<UpgradeCase>('upgrade-answers')
    .cases.filter(({ throughAgent }) => throughAgent === true)
    .map(
      (one) =>
        [one.id, (socket: Socket, request: string) => answering(one, socket, request), one.expect] as const,
    ),
  ...DRIPS,
];

const ATTACKS = surface<FrameCase>('frames')
  .cases.filter(({ throughAgent }) => throughAgent === true)
  .map(({ id, bytes, expect }) => [id, bytesOf(bytes), expect.closeCode, expect.reason] as const);

describe('a hostile cloud', () => {
  let agent: AgentProcess;
  let raw: RawCloud;
  let plant: PlantTarget;
  let neighbour: CloudPeer;
  let answer: Answer | undefined;

  before(async () => {
    const onRequest: Answer = (socket, request) => {
      if (answer === undefined) raw.upgrade(socket, request);
      else answer(socket, request);
    };
    raw = await new RawCloud({ answer: onRequest }).listen();
    plant = await PlantTarget.listen();
    agent = await AgentProcess.start({
      env: { GATEHOUSE_CLOUD_REMOTE_ACCESS_URL: `http://127.0.0.1:${raw.port}` },
      sections: {
        limits: { connectTimeout: '2s', maxMessage: MAX_MESSAGE_BYTES },
        // Two intervals without a byte from the cloud end a session.
        keepAlive: { webSocketPing: '3s' },
      },
    });
    connect();
    neighbour = await raw.peer();
    // It keeps the neighbour alive: this side answers no ping.
    drip(neighbour.socket, frame(0x8a).toString('latin1'), 500);
  });
  after(async () => {
    await agent.stop();
    await raw.close();
    plant.close();
  });

  /** Has the agent connect to the echo target; gives the operation's id. */
  function connect(): string {
    const fragment = { hostname: '127.0.0.1', port: plant.port, connectionKey: randomUUID() };
    return agent.cloud.createOperation(agent.device.id, { c8y_RemoteAccessConnect: fragment }).id;
  }

  function finalStatus(id: string): Promise<{ status: string; failureReason?: string }> {
    return eventually(() => {
      const operation = agent.cloud.platform.operations.get(id);
      return operation.status === 'SUCCESSFUL' || operation.status === 'FAILED' ? operation : undefined;
    }, 'a final status');
  }

  /** Runs `attack` while the neighbour, in the same worker, carries bytes to the echo target and back. */
  async function besideNeighbour(attack: () => Promise<void>): Promise<void> {
    const sent = randomBytes(NEIGHBOUR_BYTES);
    const already = neighbour.bytes;
    neighbour.send(sent.subarray(0, NEIGHBOUR_BYTES / 2), 10_000);
    await attack();
    neighbour.send(sent.subarray(NEIGHBOUR_BYTES / 2), 10_000);
    await eventually(
      () => neighbour.bytes >= already + NEIGHBOUR_BYTES || undefined,
      'the echo of the neighbour',
    );
    const echoed = neighbour.received().subarray(already);
    const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
    assert.equal(digest(echoed), digest(sent), 'the bytes of the neighbour');
    assert.deepEqual([neighbour.closed, neighbour.violation], [undefined, undefined]);
  }

  for (const [what, refusal, code] of REFUSALS) {
    test(`${what} instead of an upgrade fails the operation with ${code}`, () =>
      besideNeighbour(async () => {
        answer = refusal;
        const id = connect();
        const { status: final, failureReason = '' } = await finalStatus(id);
        answer = undefined;
        assert.equal(final, 'FAILED');
        assert.ok(failureReason.startsWith(`${code}: `), failureReason);
        await agent.logged('session failed', { operationId: id, code });
      }));
  }

  for (const [what, bytes, closeCode, reason] of ATTACKS) {
    test(`${what} ends its session with ${closeCode} (${reason})`, () =>
      besideNeighbour(async () => {
        const id = connect();
        const peer = await raw.peer();
        assert.equal((await finalStatus(id)).status, 'SUCCESSFUL');
        peer.socket.write(bytes);
        const { code } = await eventually(() => peer.closed, 'a close frame');
        assert.equal(code, closeCode);
        await agent.logged('session ended', { operationId: id, reason });
        assert.equal((await finalStatus(id)).status, 'SUCCESSFUL');
        assert.equal(await (plant.connections.at(-1) ?? assert.fail()).ended(), 'fin');
      }));
  }

  test('text frames are bytes as well', () =>
    besideNeighbour(async () => {
      const id = connect();
      const peer = await raw.peer();
      await finalStatus(id);
      peer.socket.write(frame(0x81, 'text'));
      await eventually(() => peer.closed ?? (peer.bytes === 4 || undefined), 'an echo');
      assert.equal(peer.received().toString(), 'text');
      peer.socket.destroy();
    }));

  test('half of a frame header and silence end the session after two ping intervals', () =>
    besideNeighbour(async () => {
      const id = connect();
      const peer = await raw.peer();
      peer.socket.write(frame(0x82, '', 100_000).subarray(0, 3));
      const { reason } = await agent.logged('session ended', { operationId: id });
      assert.equal(reason, 'cloud-ping-timeout');
    }));

  test('a violation glued to the upgrade never opens more than it closes', () =>
    besideNeighbour(async () => {
      answer = (socket, request) => void raw.upgrade(socket, request, frame(0xc2, 'x'));
      const id = connect();
      const peer = await raw.peer();
      answer = undefined;
      assert.equal((await eventually(() => peer.closed, 'a close frame')).code, 1002);
      const { status: final, failureReason } = await finalStatus(id);
      if (final === 'FAILED') assert.match(failureReason ?? '', /^cloud-protocol: /);
      else await agent.logged('session ended', { operationId: id, reason: 'cloud-protocol' });
    }));

  test('after all of that the agent has one session, its worker is the first one, and new sessions work', async () => {
    const opened = agent.log().filter(({ msg }) => msg === 'session open').length;
    await eventually(
      () => agent.log().filter(({ msg }) => msg === 'session ended').length === opened - 1 || undefined,
      'the end of every session but that of the neighbour',
    );
    const answered = await fetch(`${agent.adminUrl}/api/status`);
    const { totals } = (await answered.json()) as {
      totals: { sessionsActive: number; workerRestarts: number };
    };
    assert.deepEqual([totals.sessionsActive, totals.workerRestarts], [1, 0]);
    const id = connect();
    const peer = await raw.peer();
    assert.equal((await finalStatus(id)).status, 'SUCCESSFUL');
    peer.send(Buffer.from('hello'));
    await eventually(() => peer.received().toString() === 'hello' || undefined, 'the echo');
    assert.equal(agent.command.stderr, '');
  });
});
