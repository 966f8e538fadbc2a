import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { EndReason } from '../../contract/session-state.js';
import type { FailureCode } from '../../contract/failure.js';
import { AgentProcess } from '../helpers/agent-process.js';
import { eventually } from '../helpers/eventually.js';
import { PlantTarget } from '../helpers/plant.js';
import { acceptHead, frame, RawCloud, type Answer, type CloudPeer } from '../helpers/raw-cloud.js';

/** Bytes that the neighbour carries, both ways, while each attack is under way. */
const NEIGHBOUR_BYTES = 262_144;

const MAX_MESSAGE_BYTES = 1_048_576;

const says =
  (text: string): Answer =>
  (socket) =>
    socket.end(text);

const status = (line: string, headers = ''): Answer =>
  says(`HTTP/1.1 ${line}\r\n${headers}Content-Length: 6\r\nConnection: close\r\n\r\nnope!\n`);

/** A good 101 with one thing changed. */
const bent =
  (change: (head: string) => string): Answer =>
  (socket, request) =>
    socket.write(change(acceptHead(request)));

/** Writes a piece again and again until the connection is gone. */
function drip(socket: Socket, piece: string, everyMs: number): void {
  const timer = setInterval(() => socket.write(piece, 'latin1'), everyMs);
  socket.once('close', () => clearInterval(timer));
}

const REFUSALS: readonly (readonly [what: string, answer: Answer, code: FailureCode])[] = [
  ['200', status('200 OK'), 'cloud-protocol'],
  ['302', status('302 Found', 'Location: http://127.0.0.1:9/\r\n'), 'cloud-protocol'],
  ['401', status('401 Unauthorized'), 'cloud-unauthorized'],
  ['403', status('403 Forbidden'), 'cloud-unauthorized'],
  ['404', status('404 Not Found'), 'cloud-key-unknown'],
  ['410', status('410 Gone'), 'cloud-key-unknown'],
  ['429', status('429 Too Many Requests', 'Retry-After: 7\r\n'), 'cloud-unreachable'],
  ['503', status('503 Service Unavailable'), 'cloud-unreachable'],
  [
    'a wrong accept key',
    bent((head) => head.replace(/(Accept: ).*/, '$1AAAAAAAAAAAAAAAAAAAAAAAAAAA=')),
    'cloud-protocol',
  ],
  ['no accept key', bent((head) => head.replace(/Sec-WebSocket-Accept.*\r\n/, '')), 'cloud-protocol'],
  ['another subprotocol', bent((head) => head.replace('binary', 'mqtt')), 'cloud-protocol'],
  ['no subprotocol', bent((head) => head.replace(/Sec-WebSocket-Protocol.*\r\n/, '')), 'cloud-protocol'],
  [
    'an extension that was not asked for',
    bent((head) => head.replace(/\r\n$/, 'Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n')),
    'cloud-protocol',
  ],
  ['garbage', says('\x00\xff\x16\x03\x01garbage\r\n\r\n'), 'cloud-protocol'],
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
  ['half of a good answer and silence', bent((head) => head.slice(0, 60)), 'cloud-timeout'],
  ['silence', () => undefined, 'cloud-timeout'],
  ['an end without a word', (socket) => void socket.end(), 'cloud-unreachable'],
  ['a reset', (socket) => void socket.resetAndDestroy(), 'cloud-unreachable'],
];

const ATTACKS: readonly (readonly [what: string, bytes: Buffer, closeCode: number, reason: EndReason])[] = [
  ['RSV1 set', frame(0xc2, 'x'), 1002, 'cloud-protocol'],
  ['RSV2 set', frame(0xa2, 'x'), 1002, 'cloud-protocol'],
  ['RSV3 set on a ping', frame(0x99, 'x'), 1002, 'cloud-protocol'],
  ['the reserved data opcode 3', frame(0x83, 'x'), 1002, 'cloud-protocol'],
  ['the reserved control opcode 11', frame(0x8b), 1002, 'cloud-protocol'],
  ['a masked frame', Buffer.from([0x82, 0x81, 1, 2, 3, 4, 5]), 1002, 'cloud-protocol'],
  ['a length of 2^63', frame(0x82, '', 2n ** 63n), 1002, 'cloud-protocol'],
  ['a length of 2^53', frame(0x82, '', 2n ** 53n), 1009, 'cloud-too-big'],
  ['text that is not UTF-8', frame(0x81, Buffer.from('edit\xed\xa0\x80', 'latin1')), 1007, 'cloud-protocol'],
  ['a length of 2^63 - 1', frame(0x82, '', 2n ** 63n - 1n), 1009, 'cloud-too-big'],
  ['a message above limits.maxMessage', frame(0x82, '', MAX_MESSAGE_BYTES + 1), 1009, 'cloud-too-big'],
  [
    'a message above limits.maxMessage in fragments',
    Buffer.concat([frame(0x02, Buffer.alloc(600_000)), frame(0x00, Buffer.alloc(600_000))]),
    1009,
    'cloud-too-big',
  ],
  ['a ping of 126 bytes', frame(0x89, Buffer.alloc(126)), 1002, 'cloud-protocol'],
  ['a ping in fragments', frame(0x09, 'x'), 1002, 'cloud-protocol'],
  ['a continuation of nothing', frame(0x80, 'x'), 1002, 'cloud-protocol'],
  [
    'a new message inside another',
    Buffer.concat([frame(0x02, 'x'), frame(0x82, 'y')]),
    1002,
    'cloud-protocol',
  ],
  ['a close frame of one byte', frame(0x88, 'x'), 1002, 'cloud-protocol'],
  ['a close frame with code 1005', frame(0x88, Buffer.from([0x03, 0xed])), 1002, 'cloud-protocol'],
  [
    'a flood of pings',
    Buffer.concat(Array.from({ length: 5_000 }, () => frame(0x89, 'x'))),
    1008,
    'ping-flood',
  ],
];

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
