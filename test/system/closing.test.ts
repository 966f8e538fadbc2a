import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { WebSocket } from 'ws';
import { eventually } from '../helpers/eventually.js';
import { openSockets } from '../helpers/open-sockets.js';
import { dialRaw } from '../helpers/raw-client.js';
import { closed } from '../helpers/simulator/tunnel-ends.js';
import { TcpTarget } from '../helpers/tcp-target.js';
import { World, type WorldOptions } from '../helpers/world.js';

/** Longest wait for the other side to notice, in ms. */
const LIMIT_MS = 20_000;

/** One open session between a bare WebSocket client and a target, in a world of its own. */
interface Session {
  readonly world: World;
  readonly client: WebSocket;
  /** Half-open: it ends only when the test says so. */
  readonly socket: Socket;
  readonly id: string;
  /** What the target got so far. */
  readonly atTarget: () => string;
  /** Resolves at the FIN that the target gets. */
  readonly targetEnded: Promise<unknown>;
  readonly clientClosed: Promise<{ code: number; reason: string }>;
  /** Waits until nothing is left of the session, and checks the status and the reason in the log. */
  readonly assertGone: (reason: string) => Promise<void>;
}

async function open(t: TestContext, options: WorldOptions = {}): Promise<Session> {
  const world = await World.start(options);
  t.after(() => world.stop());
  const target = await TcpTarget.start();
  t.after(() => target.stop());
  const base = openSockets();
  const client = await dialRaw(world, world.endpoint({ port: target.port }));
  const { id } = await world.sessionOpen(target.port);
  const socket = await target.socket();
  const received: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => received.push(chunk));
  const signal = AbortSignal.timeout(LIMIT_MS);
  const targetEnded = once(socket, 'end', { signal });
  targetEnded.catch(() => undefined);
  const assertGone = async (reason: string): Promise<void> => {
    await world.idle();
    assert.equal((await world.finalOperation()).status, 'SUCCESSFUL');
    const line = await eventually(
      () => world.log.find((text) => text.includes('"session ended"')),
      'a line in the log',
    );
    assert.match(line, new RegExp(`"reason":"${reason}"`));
    // Connections for statuses are kept a while by the agent; they end by themselves.
    await eventually(() => openSockets() <= base || undefined, `${base} sockets as before the session`);
  };
  const atTarget = (): string => Buffer.concat(received).toString();
  return { world, client, socket, id, atTarget, targetEnded, clientClosed: closed(client), assertGone };
}

test('a FIN of the target closes the client with 1000 behind the last byte', async (t) => {
  const { client, socket, targetEnded, clientClosed, assertGone } = await open(t);
  const message = once(client, 'message');
  socket.end('last words');
  assert.equal(String((await message)[0]), 'last words');
  assert.equal((await clientClosed).code, 1000);
  await targetEnded;
  await assertGone('target-fin');
});

test('a close frame of the client reaches the target as a FIN behind the last byte', async (t) => {
  const { client, socket, atTarget, targetEnded, assertGone } = await open(t);
  client.send(Buffer.from('last words'));
  client.close(1000);
  await targetEnded;
  assert.equal(atTarget(), 'last words');
  socket.end();
  await assertGone('cloud-close');
});

test('a target that keeps its side open after the FIN is let go by a deadline', async (t) => {
  const { client, targetEnded, assertGone } = await open(t);
  client.close(1000);
  await targetEnded;
  // The target never ends. The sockets are gone all the same.
  await assertGone('cloud-close');
});

test('a target that has half-closed still gets every byte that was on its way', async (t) => {
  const { world, client, socket, id, atTarget, targetEnded, clientClosed, assertGone } = await open(t);
  socket.pause();
  // More than the kernel and the agent's buffer hold together, so that the rest waits in the cloud.
  const sent = 'crossing the FIN'.repeat(1_000_000);
  for (let at = 0; at < sent.length; at += 65_536) client.send(Buffer.from(sent.slice(at, at + 65_536)));
  const stuck = (): boolean => (world.cloud.sessions()[0]?.bufferedBytes ?? 0) > 0;
  await eventually(() => stuck() || undefined, 'bytes that wait in the cloud');
  const taken = world.cloud.sessions()[0]?.downlinkBytes ?? 0;
  socket.end();
  const isClosing = (): boolean => world.gateway.supervisor.registry.get(id)?.state === 'closing';
  await eventually(() => isClosing() || undefined, 'the session to close');
  socket.resume();
  await targetEnded;
  await clientClosed;
  // What the cloud took from the client after the target's FIN reached it has nowhere to go: that is WebSocket.
  assert.ok(atTarget().length >= taken, `${atTarget().length} of ${taken} bytes`);
  assert.ok(sent.startsWith(atTarget()));
  await assertGone('target-fin');
});

test('a reset of the target closes the client with 1011', async (t) => {
  const { socket, clientClosed, assertGone } = await open(t);
  socket.resetAndDestroy();
  assert.deepEqual(await clientClosed, { code: 1011, reason: 'target-reset' });
  await assertGone('target-reset');
});

test('a client that vanishes reaches the target as a FIN, not as a reset', async (t) => {
  const { client, socket, targetEnded, assertGone } = await open(t);
  client.terminate();
  await targetEnded;
  socket.end();
  await assertGone('cloud-close');
});

test('closing a session from the gateway tells the client 1001 and ends the target', async (t) => {
  const { world, id, socket, targetEnded, clientClosed, assertGone } = await open(t);
  const closing = world.gateway.supervisor.close(id, 'admin', 'closed by an operator');
  await targetEnded;
  socket.end();
  assert.equal(await closing, 'closed');
  assert.deepEqual(await clientClosed, { code: 1001, reason: 'admin' });
  assert.equal(world.gateway.supervisor.registry.get(id), undefined);
  assert.equal(await world.gateway.supervisor.close(id, 'admin', 'again'), 'unknown');
  await assertGone('admin');
});

const LOOPBACK = { name: 'loopback', host: '127.0.0.1', ports: ['*'] };

for (const [what, options, reason] of [
  ['an idle timeout', { limits: { idleTimeout: '1s' } }, 'idle'],
  ['a longest duration', { limits: { sessionDuration: '1s' } }, 'max-duration'],
  [
    'the idle timeout of its conduit, which overrides the general one',
    { limits: { idleTimeout: '1h' }, conduits: [{ ...LOOPBACK, idleTimeout: '1s' }] },
    'idle',
  ],
] as const) {
  test(`a session ends by ${what}: client 1001, target FIN`, async (t) => {
    const { socket, targetEnded, clientClosed, assertGone } = await open(t, options);
    await targetEnded;
    socket.end();
    assert.deepEqual(await clientClosed, { code: 1001, reason });
    await assertGone(reason);
  });
}

test('bytes in either direction keep an idle timeout away; the longest duration ends them all the same', async (t) => {
  const { client, socket, clientClosed, assertGone } = await open(t, {
    limits: { idleTimeout: '1s', sessionDuration: '4s' },
  });
  const talk = setInterval(() => (Math.random() < 0.5 ? client.send('x') : socket.write('y')), 100);
  t.after(() => clearInterval(talk));
  assert.deepEqual(await clientClosed, { code: 1001, reason: 'max-duration' });
  clearInterval(talk);
  socket.end();
  await assertGone('max-duration');
});
