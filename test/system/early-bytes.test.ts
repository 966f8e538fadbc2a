import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../helpers/eventually.js';
import { FrozenTarget } from '../helpers/frozen-target.js';
import type { SeededCheck } from '../helpers/seeded-bytes.js';
import { TcpTarget } from '../helpers/tcp-target.js';
import { receive, send, type Sending } from '../helpers/transfer.js';
import { World } from '../helpers/world.js';

/** Several times the bootstrap buffer of 64 KiB, so that the early side is also paused and resumed. */
const BYTES = 300_000;

/** The agent's WebSocket is this late, in ms; the target is there at once. */
const LATE_CLOUD = { path: '/service/remoteaccess/device/*', latencyMs: 500 };

async function assertAll(check: SeededCheck, { source }: Sending, what: string): Promise<void> {
  await eventually(() => check.bytes >= BYTES || undefined, `all bytes of the ${what}`);
  assert.equal(check.wrongAt, undefined, `a wrong byte of the ${what}`);
  assert.equal(check.bytes, BYTES);
  assert.equal(check.digest(), source.digest());
}

test('what a target says before the cloud is connected arrives, in front of what it says later', async (t) => {
  const world = await World.start();
  t.after(() => world.stop());
  const target = await TcpTarget.start((socket) => socket.once('end', () => socket.end()));
  t.after(() => target.stop());
  world.cloud.faults.set({ requests: [LATE_CLOUD] });
  const tunnel = await world.open({ port: target.port });
  const uplink = send(await target.socket(), 'greeting', BYTES);
  assert.equal(world.cloud.sessions().length, 0, 'the target has spoken before the device joined');
  await assertAll(receive(tunnel, 'greeting'), uplink, 'uplink');
  await tunnel.close();
});

test('a target that says everything and closes before the cloud is connected is heard', async (t) => {
  const world = await World.start();
  t.after(() => world.stop());
  const target = await TcpTarget.start((socket) => socket.end('one line and good-bye'));
  t.after(() => target.stop());
  world.cloud.faults.set({ requests: [LATE_CLOUD] });
  const tunnel = await world.open({ port: target.port });
  const text = (await tunnel.setEncoding('utf8').toArray()).join('');
  assert.equal(text, 'one line and good-bye');
  assert.equal(tunnel.ending?.code, 1000);
  assert.equal((await world.finalOperation()).status, 'SUCCESSFUL');
  tunnel.end();
});

test('what a client says before the target is connected arrives once it is', async (t) => {
  const world = await World.start();
  t.after(() => world.stop());
  const target = await FrozenTarget.start();
  t.after(() => target.stop());
  const tunnel = await world.open({ port: target.port });
  const downlink = send(tunnel, 'impatient', BYTES);
  const check = receive(tunnel, 'impatient');
  await eventually(() => world.cloud.sessions()[0], 'the device to join');
  const [session] = [...world.gateway.supervisor.registry.all()];
  assert.equal(session?.state, 'connecting', 'the target is not up yet');
  target.thaw();
  await assertAll(check, downlink, 'echo');
  await tunnel.close();
});

test('both sides may speak before the other one is there', async (t) => {
  const world = await World.start();
  t.after(() => world.stop());
  const target = await TcpTarget.start((socket) => socket.once('end', () => socket.end()));
  t.after(() => target.stop());
  world.cloud.faults.set({ requests: [LATE_CLOUD] });
  const tunnel = await world.open({ port: target.port });
  const downlink = send(tunnel, 'client first', BYTES);
  const socket = await target.socket();
  const uplink = send(socket, 'target first', BYTES);
  assert.equal(world.cloud.sessions().length, 0, 'both have spoken before the device joined');
  const [atTarget, atClient] = [receive(socket, 'client first'), receive(tunnel, 'target first')];
  await assertAll(atTarget, downlink, 'downlink');
  await assertAll(atClient, uplink, 'uplink');
  await tunnel.close();
});
