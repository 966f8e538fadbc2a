import assert from 'node:assert/strict';
import type net from 'node:net';
import { describe, test } from 'node:test';
import { closeFrame, frame } from '../../../helpers/raw-cloud.js';
import { LIMITS, Rig } from '../../../helpers/session-rig.js';
import { readAll } from '../../../helpers/targets.js';
import { untilTrue } from '../../../helpers/until.js';

/** Sessions that stall at once; enough to see a leak above the noise of the test itself. */
const SESSIONS = 4;

/** What one direction may hold: its limit, one read more, and the shared memory of the thread spread over them. */
const PER_SESSION_BYTES = LIMITS.bufferBytes + 2 * 65_792;

/**
 * Writes `chunk` until the peer's kernel takes no more for `quietTurns` looks in a row. Keeps at most one chunk of
 * its own waiting, so that what grows is not the test.
 */
async function blast(socket: net.Socket, chunk: Buffer): Promise<number> {
  const startBytes = socket.bytesWritten;
  let quiet = 0;
  let last = -1;
  while (quiet < 30) {
    if (!socket.writableNeedDrain) socket.write(chunk);
    await new Promise((resolve) => setTimeout(resolve, 1));
    const now = socket.bytesWritten - socket.writableLength;
    quiet = now === last ? quiet + 1 : 0;
    last = now;
  }
  return last - startBytes;
}

async function stalled(
  limits: Parameters<Rig['open']>[0],
  act: (session: Awaited<ReturnType<Rig['open']>>) => Promise<unknown>,
  count = SESSIONS,
): Promise<{ readonly grownBytes: number; readonly neighbourMs: number }> {
  const rig = await Rig.make({});
  const neighbour = await rig.open();
  neighbour.socket.on('data', (bytes: Buffer) => neighbour.socket.write(bytes));
  const sessions = [];
  for (let n = 0; n < count; n += 1) sessions.push(await rig.open(limits));
  const before = process.memoryUsage().arrayBuffers;
  await Promise.all(sessions.map(act));
  const grownBytes = process.memoryUsage().arrayBuffers - before;
  const startMs = performance.now();
  neighbour.peer.socket.write(frame(0x82, 'round trip'));
  await untilTrue('the echo', () => neighbour.peer.bytes === 10);
  const neighbourMs = performance.now() - startMs;
  for (const { id } of [...sessions, neighbour]) {
    rig.host.command({ kind: 'close', sessionId: id, reason: 'admin', detail: 'test' });
  }
  await rig.close();
  await Promise.all([...sessions, neighbour].map(({ summary }) => summary));
  return { grownBytes, neighbourMs };
}

describe('memory of sessions that are stalled, and what their neighbour feels', () => {
  test('a target that reads nothing while the cloud blasts', async () => {
    const chunk = frame(0x82, Buffer.alloc(60_000));
    const { grownBytes, neighbourMs } = await stalled({}, async ({ peer, socket }) => {
      socket.pause();
      await blast(peer.socket, chunk);
    });
    assert.ok(grownBytes < SESSIONS * (PER_SESSION_BYTES + 2 * chunk.length), `${grownBytes} bytes`);
    assert.ok(neighbourMs < 1_000, `${neighbourMs} ms`);
  });

  test('a target that reads nothing while the cloud sends single bytes', async () => {
    const chunk = Buffer.concat(Array<Buffer>(1_000).fill(frame(0x82, 'x')));
    // One session: what its sockets take of single bytes are millions of frames.
    const blastOne = async ({ peer, socket }: Awaited<ReturnType<Rig['open']>>): Promise<void> => {
      socket.pause();
      await blast(peer.socket, chunk);
    };
    const { grownBytes } = await stalled({}, blastOne, 1);
    assert.ok(grownBytes < PER_SESSION_BYTES + 2 * chunk.length, `${grownBytes} bytes`);
  });

  test('a cloud that reads nothing while the target blasts', async () => {
    const chunk = Buffer.alloc(60_000, 7);
    const { grownBytes, neighbourMs } = await stalled({}, async ({ peer, socket }) => {
      peer.socket.pause();
      await blast(socket, chunk);
    });
    assert.ok(grownBytes < SESSIONS * (PER_SESSION_BYTES + 2 * chunk.length), `${grownBytes} bytes`);
    assert.ok(neighbourMs < 1_000, `${neighbourMs} ms`);
  });

  test('a cloud that reads nothing and pings without end', async () => {
    const chunk = Buffer.concat(Array<Buffer>(50).fill(frame(0x89, Buffer.alloc(125))));
    const { grownBytes } = await stalled({}, async ({ peer }) => {
      peer.socket.pause();
      for (let round = 0; round < 18; round += 1) {
        peer.socket.write(chunk);
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    assert.ok(grownBytes < SESSIONS * 200_000, `${grownBytes} bytes`);
  });
});

test('an endless message in tiny fragments holds nothing', async () => {
  const rig = await Rig.make({});
  const { peer, socket, summary } = await rig.open();
  const read = readAll(socket);
  socket.once('end', () => socket.end());
  peer.socket.write(frame(0x02, 'a'));
  const fragments = Buffer.concat(Array<Buffer>(1_000).fill(frame(0x00, '')));
  for (let round = 0; round < 200; round += 1) {
    if (!peer.socket.write(fragments)) await new Promise((resolve) => peer.socket.once('drain', resolve));
  }
  peer.socket.write(Buffer.concat([frame(0x80, 'z'), closeFrame(1000)]));
  assert.equal((await read).bytes.toString(), 'az');
  await summary;
  await rig.close();
});
