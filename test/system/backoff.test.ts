import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { startCloud, type Cloud, type CloudOptions } from '../../simulator/cloud.js';
import { startAgent, type Agent } from '../helpers/agent.js';
import { closedPort } from '../helpers/closed-port.js';
import { eventually } from '../helpers/eventually.js';
import { Trap } from '../helpers/outcome-targets.js';
import { FAST } from '../helpers/timing.js';

const PASSWORD = 'a-password-of-gw-7';

/** Waits of the link: the first within 50 ms, then doubled up to 500 ms. */
const BACKOFF = { baseMs: 50, capMs: 500, slowCapMs: 500, resetMs: 60_000 };

/** How long tries are counted, in ms. */
const WATCH_MS = 3_000;

/** Most tries in that time: six until the cap, then one in 250 ms on average; twice that, as chance decides. */
const MOST_TRIES = 40;

interface Ports {
  readonly http: number;
  readonly mqtt: number;
}

const freePorts = async (): Promise<Ports> => ({ http: await closedPort(), mqtt: await closedPort() });

/** A cloud that knows the gateway; it ends with the test. */
async function cloudAt(t: TestContext, options: CloudOptions): Promise<Cloud> {
  const cloud = await startCloud(options);
  t.after(() => cloud.stop());
  cloud.registerDevice('gw-7', { password: PASSWORD });
  return cloud;
}

/** An agent of the cloud at these ports; it ends with the test. */
async function agentFor(
  t: TestContext,
  kind: 'rest' | 'mqtt',
  ports: Ports,
  password = PASSWORD,
): Promise<Agent> {
  const agent = await startAgent(
    {
      cloud: { url: `http://127.0.0.1:${ports.http}`, tenant: 't0815', user: 'device_gw-7', password },
      device: { externalId: 'gw-7' },
      intake: { kind, ...(kind === 'mqtt' ? { mqttUrl: `mqtt://127.0.0.1:${ports.mqtt}` } : {}) },
      conduits: [{ name: 'loopback', host: '127.0.0.1', ports: ['*'] }],
      workers: { count: 1 },
      admin: { listen: '127.0.0.1:0' },
    },
    { timing: { ...FAST, backoff: BACKOFF } },
  );
  t.after(() => agent.stop());
  return agent;
}

async function get(agent: Agent, path: string): Promise<{ status: number; text: string }> {
  const reply = await fetch(`http://127.0.0.1:${agent.adminPort}${path}`);
  return { status: reply.status, text: await reply.text() };
}

/** Waits until the agent says that it is not ready for this reason. */
async function notReady(agent: Agent, reason: RegExp): Promise<void> {
  await eventually(
    () => agent.log.some((line) => reason.test(line)) || undefined,
    `${reason.source} in the log`,
  );
  const { status, text } = await get(agent, '/readyz');
  assert.equal(status, 503);
  assert.match(text, reason);
  assert.equal((await get(agent, '/healthz')).status, 200);
}

/** An operation to a target nobody listens at, which shows that operations are received and answered. */
async function works(cloud: Cloud): Promise<void> {
  const device = cloud.platform.deviceBySerial('gw-7') ?? assert.fail('no device');
  const fragment = { hostname: '127.0.0.1', port: await closedPort(), connectionKey: 'a-key-for-nothing' };
  const { id } = cloud.createOperation(device.id, { c8y_RemoteAccessConnect: fragment });
  await eventually(() => cloud.platform.operations.get(id).status === 'FAILED' || undefined, 'the answer');
}

for (const kind of ['rest', 'mqtt'] as const) {
  test(`over ${kind}, an agent without a cloud stays up, says why it is not ready, and connects when the cloud comes`, async (t) => {
    const ports = await freePorts();
    const agent = await agentFor(t, kind, ports);
    await notReady(agent, /cannot be reached/);
    await pause(1_000);
    await notReady(agent, /cannot be reached/);
    const cloud = await cloudAt(t, { port: ports.http, mqttPort: ports.mqtt });
    await agent.gateway.connected();
    assert.equal((await get(agent, '/readyz')).status, 200);
    await works(cloud);
    const outages = agent.log.filter((line) => line.includes('not connected to the cloud"'));
    assert.ok(outages.length <= 2, `${outages.length} lines about one outage`);
  });
}

for (const [name, status, reason] of [
  ['overloaded', 503, /answered 503/],
  ['limiting', 429, /asks to slow down/],
  ['forbidding', 403, /lacks a permission/],
] as const) {
  test(`a cloud that is ${name} (${status}) is asked a bounded number of times, and used once it is well`, async (t) => {
    const cloud = await cloudAt(t, {});
    cloud.faults.set({ requests: [{ status }] });
    const agent = await agentFor(t, 'rest', { http: Number(new URL(cloud.url).port), mqtt: 0 });
    await notReady(agent, reason);
    cloud.requests.clear();
    await pause(WATCH_MS);
    const tries = cloud.requests.list().length;
    assert.ok(tries >= 2 && tries <= MOST_TRIES, `${tries} requests in ${WATCH_MS} ms`);
    cloud.faults.clear();
    await agent.gateway.connected();
    await works(cloud);
  });
}

test('wrong credentials are no reason to end, nor to hurry', async (t) => {
  const cloud = await cloudAt(t, {});
  const ports = { http: Number(new URL(cloud.url).port), mqtt: 0 };
  const agent = await agentFor(t, 'rest', ports, 'not-the-password');
  await notReady(agent, /does not accept the credentials/);
  cloud.requests.clear();
  await pause(WATCH_MS);
  const tries = cloud.requests.list().length;
  assert.ok(tries >= 2 && tries <= MOST_TRIES, `${tries} requests in ${WATCH_MS} ms`);
  assert.equal(agent.log.join('').includes('not-the-password'), false, 'the password is in the log');
});

test('a broker that takes connections and drops them is tried a bounded number of times', async (t) => {
  const cloud = await cloudAt(t, {});
  const broker = await Trap.start((socket) => socket.destroy());
  t.after(() => broker.stop());
  const agent = await agentFor(t, 'mqtt', { http: Number(new URL(cloud.url).port), mqtt: broker.port });
  await notReady(agent, /closed the connection/);
  const before = broker.connections;
  await pause(WATCH_MS);
  const tries = broker.connections - before;
  assert.ok(tries >= 2 && tries <= MOST_TRIES, `${tries} connections in ${WATCH_MS} ms`);
});
