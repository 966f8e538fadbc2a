import assert from 'node:assert/strict';
import { connect } from 'mqtt';
import { connect as tcpConnect, createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import type { Rig } from '../../rig.js';
import { assertWithin, lapse } from '../../rig/time.js';
import { BACK_MS, down, works } from '../control/link.js';
import { clientOf, mqttOf, OPERATIONS } from './side.js';

/** Longest wait at the cap of the back-off, in ms. */
const CAP_MS = 60_000;

/** B01: every refusal that there is. */
export async function refusals(rig: Rig): Promise<void> {
  for (const code of [1, 2, 3, 4, 5]) {
    const stand = await rig.start({
      intake: 'mqtt',
      waitForLink: false,
      before: (cloud) => void (mqttOf(cloud).faults.connackCode = { value: code, times: 2 }),
    });
    const { level } = await down(stand.agent, new RegExp(`CONNACK ${code}`));
    assert.equal(level, code === 3 ? 'warn' : 'error', `CONNACK ${code}`);
    await stand.agent.ready(BACK_MS);
    await works(stand, await rig.target());
    await stand.end();
  }
}

/** B02: the broker takes the connection and says nothing. */
export async function noConnack(rig: Rig): Promise<void> {
  const stand = await rig.start({
    intake: 'mqtt',
    waitForLink: false,
    before: (cloud) => void (mqttOf(cloud).faults.neverConnack = true),
  });
  const startedAt = performance.now();
  const { level } = await down(stand.agent, /./, BACK_MS);
  const ms = performance.now() - startedAt;
  rig.figure('given up after ms', ms);
  assertWithin(ms, 15_000);
  assert.equal(level, 'warn');
  mqttOf(stand.cloud).faults.neverConnack = false;
  await stand.agent.ready(BACK_MS);
  await works(stand, await rig.target());
}

/** B03: somebody else has our client id, and comes back each time we throw him out. */
export async function takenOver(rig: Rig): Promise<void> {
  const stand = await rig.start({ intake: 'mqtt' });
  await clientOf(stand);
  const { tenant, user, password } = stand.device;
  const other = connect(stand.cloud.mqttUrl ?? '', {
    clientId: 'd:gw-7',
    username: `${tenant}/${user}`,
    password,
    reconnectPeriod: 300,
  });
  let thrownOut = 0;
  other.on('error', () => undefined).on('close', () => (thrownOut += 1));
  rig.atEnd(() => other.end(true));
  const { level } = await down(stand.agent, /another client uses the id d:gw-7/, BACK_MS);
  assert.equal(level, 'error');
  const before = thrownOut;
  await lapse(20_000);
  assert.ok(thrownOut - before <= 1, `the other one was thrown out ${thrownOut - before} more times`);
  assert.equal(await stand.agent.isReady(), false);
  other.end(true);
  await stand.agent.ready(CAP_MS + 10_000);
  await works(stand, await rig.target());
}

/** B04: every connection ends right after its CONNACK. */
export async function limited(rig: Rig): Promise<void> {
  const stand = await rig.start({
    intake: 'mqtt',
    waitForLink: false,
    before: (cloud) => void (mqttOf(cloud).faults.cutAfterConnack = 1_000),
  });
  await down(stand.agent, /the broker drops us right after each connect/, BACK_MS);
  const { faults } = mqttOf(stand.cloud);
  rig.figure('tries until the cap', 1_000 - faults.cutAfterConnack);
  assert.ok(1_000 - faults.cutAfterConnack <= 4);
  const before = faults.cutAfterConnack;
  await lapse(20_000);
  assert.equal(faults.cutAfterConnack, before, 'no try in twenty seconds');
  faults.cutAfterConnack = 0;
  await stand.agent.ready(CAP_MS + 10_000);
  await works(stand, await rig.target());
}

/** B05: the subscription is refused. */
export async function refusedTopic(rig: Rig): Promise<void> {
  const stand = await rig.start({
    intake: 'mqtt',
    waitForLink: false,
    before: (cloud) => void mqttOf(cloud).faults.refusedTopics.add(OPERATIONS),
  });
  await down(stand.agent, /the broker refuses devicecontrol\/notifications/);
  assert.equal(await stand.agent.isReady(), false);
  mqttOf(stand.cloud).faults.refusedTopics.clear();
  await stand.agent.ready(BACK_MS);
  await works(stand, await rig.target());
}

/** B17: a WebSocket path that is not there, and a proxy that lets REST through but not MQTT. */
export async function wrongWay(rig: Rig): Promise<void> {
  const lost = await rig.start({
    intake: 'mqtt',
    waitForLink: false,
    before: (cloud) => ({ intake: { mqttUrl: `${cloud.url.replace('http', 'ws')}/nothing-here` } }),
  });
  const { level } = await down(lost.agent, /\/nothing-here answered 404 instead of an upgrade/);
  assert.equal(level, 'error');
  await lost.end();

  let refuses = true;
  const proxy = await connectProxy(rig, (authority) =>
    refuses && authority.endsWith(mqttAuthority) ? 407 : 200,
  );
  let mqttAuthority = '';
  const stand = await rig.start({
    intake: 'mqtt',
    waitForLink: false,
    before: (cloud) => {
      mqttAuthority = `:${new URL(cloud.mqttUrl ?? '').port}`;
      return { cloud: { proxy } };
    },
  });
  const refused = await down(stand.agent, /the proxy .* answered 407 to CONNECT/);
  assert.equal(refused.level, 'error');
  refuses = false;
  await stand.agent.ready(BACK_MS);
}

/** An HTTP proxy for CONNECT alone. Gives its URL. */
async function connectProxy(rig: Rig, judge: (authority: string) => number): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    sockets.add(client);
    client.on('error', () => undefined);
    client.once('data', (head: Buffer) => {
      const [, authority = ''] = /^CONNECT (\S+)/.exec(head.toString('latin1')) ?? [];
      const status = judge(authority);
      if (status !== 200) {
        client.end(`HTTP/1.1 ${status} no\r\n\r\n`);
        return;
      }
      const far = tcpConnect(Number(authority.split(':').at(-1)), '127.0.0.1');
      sockets.add(far);
      far.on('error', () => client.destroy()).on('connect', () => client.write('HTTP/1.1 200 ok\r\n\r\n'));
      client.pipe(far).pipe(client);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  rig.atEnd(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
