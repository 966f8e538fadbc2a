import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { test } from 'node:test';
import type { SessionView, StatusView } from '../../src/admin/backend.js';
import { startAgent, startTarget } from '../helpers/agent-scene.js';
import { AgentProcess } from '../helpers/agent-process.js';
import { childrenOf } from '../helpers/generations.js';
import { eventually } from '../helpers/eventually.js';
import { PlantTarget } from '../helpers/plant.js';

const METRICS = [
  'gatehouse_sessions_active',
  'gatehouse_sessions_total',
  'gatehouse_operations_total',
  'gatehouse_bytes_total',
  'gatehouse_session_setup_seconds',
  'gatehouse_session_duration_seconds',
  'gatehouse_worker_event_loop_delay_seconds',
  'gatehouse_worker_restarts_total',
  'gatehouse_cloud_connected',
  'gatehouse_status_outbox_size',
];

/** Opens a session that has carried `bytes` up and down. */
async function openSession(agent: AgentProcess, target: PlantTarget, bytes = 5) {
  const tunnel = await agent.open(target);
  let received = 0;
  tunnel.on('data', (chunk: Buffer) => (received += chunk.length));
  tunnel.write(Buffer.alloc(bytes));
  await eventually(() => received === bytes || undefined, 'the echo');
  return tunnel;
}

async function json<T>(agent: AgentProcess, path: string): Promise<T> {
  const answer = await fetch(agent.adminUrl + path);
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
  return (await answer.json()) as T;
}

/** Asks until `isGood` holds: counters travel once a second. */
async function until<T>(look: () => Promise<T>, isGood: (value: T) => boolean, what: string): Promise<T> {
  let good: { readonly value: T } | undefined;
  let last: T | undefined;
  const poll = setInterval(() => {
    void look().then((value) => {
      last = value;
      if (isGood(value)) good ??= { value };
    });
  }, 100);
  try {
    return (await eventually(() => good, what)).value;
  } catch (error) {
    throw new Error(`${what}; last seen: ${JSON.stringify(last)}`, { cause: error });
  } finally {
    clearInterval(poll);
  }
}

const metricsOf = async (agent: AgentProcess): Promise<string> =>
  (await fetch(`${agent.adminUrl}/metrics`)).text();

/** Value of one line of the metrics; undefined when there is none. */
function valueOf(text: string, series: string): number | undefined {
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length));
}

test('readiness follows the cloud: 503 with the reason while it is away, 200 when it is back; health does not care', async (t) => {
  const agent = await startAgent(t);
  const readiness = async () => {
    const answer = await fetch(`${agent.adminUrl}/readyz`);
    return { status: answer.status, body: (await answer.json()) as { message?: string } };
  };
  assert.equal((await readiness()).status, 200);
  await agent.cloud.goDown();
  const away = await until(readiness, ({ status }) => status === 503, '503 while the cloud is away');
  assert.match(away.body.message ?? '', /\S/);
  assert.equal((await fetch(`${agent.adminUrl}/healthz`)).status, 200);
  const status = await json<StatusView>(agent, '/api/status');
  assert.equal(status.cloud.state, 'disconnected');
  assert.equal(status.cloud.reason, away.body.message);
  const told = await agent.ask('status');
  assert.equal(told.code, 0);
  assert.match(told.stdout, /^Cloud +disconnected: \S/m);
  assert.equal(valueOf(await metricsOf(agent), 'gatehouse_cloud_connected'), 0);
  await agent.cloud.comeBack();
  await until(readiness, ({ status: code }) => code === 200, '200 when the cloud is back');
});

test('every metric of the contract is there and moves with a session', async (t) => {
  const agent = await startAgent(t);
  const target = await startTarget(t);
  const before = await metricsOf(agent);
  for (const name of METRICS) assert.match(before, new RegExp(`^# TYPE ${name} `, 'm'));
  assert.equal(valueOf(before, 'gatehouse_sessions_active'), 0);
  assert.equal(valueOf(before, 'gatehouse_cloud_connected'), 1);

  const tunnel = await openSession(agent, target, 100_000);
  const during = await until(
    () => metricsOf(agent),
    (text) => valueOf(text, 'gatehouse_bytes_total{direction="downlink"}') === 100_000,
    'the bytes in the metrics',
  );
  assert.equal(valueOf(during, 'gatehouse_bytes_total{direction="uplink"}'), 100_000);
  assert.equal(valueOf(during, 'gatehouse_sessions_active'), 1);
  assert.equal(valueOf(during, 'gatehouse_session_setup_seconds_count'), 1);
  assert.equal(valueOf(during, 'gatehouse_operations_total{intake="rest",status="SUCCESSFUL"}'), 1);
  assert.match(during, /^gatehouse_worker_event_loop_delay_seconds\{worker="\d+"\} \d/m);

  await tunnel.close();
  const denied = await agent.open({ hostname: '10.99.0.1', port: 9 });
  denied.on('error', () => undefined);
  const after = await until(
    () => metricsOf(agent),
    (text) => valueOf(text, 'gatehouse_sessions_total{outcome="policy-denied"}') === 1,
    'the denied one in the metrics',
  );
  assert.equal(valueOf(after, 'gatehouse_sessions_total{outcome="cloud-close"}'), 1);
  assert.equal(valueOf(after, 'gatehouse_session_duration_seconds_count'), 1);
  assert.equal(valueOf(after, 'gatehouse_sessions_active'), 0);
  assert.equal(valueOf(after, 'gatehouse_operations_total{intake="rest",status="FAILED"}'), 1);
  assert.equal(valueOf(after, 'gatehouse_worker_restarts_total'), 0);
});

test('the outbox is as large as the statuses that the cloud does not take', async (t) => {
  const agent = await startAgent(t);
  const target = await startTarget(t);
  agent.cloud.faults.set({ requests: [{ method: 'PUT', path: '/devicecontrol/*', status: 503 }] });
  await openSession(agent, target);
  await until(
    () => metricsOf(agent),
    (text) => valueOf(text, 'gatehouse_status_outbox_size') === 1,
    'one in the outbox',
  );
  agent.cloud.faults.clear();
  assert.equal((await agent.finalOperation()).status, 'SUCCESSFUL');
  await until(
    () => metricsOf(agent),
    (text) => valueOf(text, 'gatehouse_status_outbox_size') === 0,
    'an empty outbox',
  );
});

test('status and sessions show an open session, to HTTP, to people and to scripts', async (t) => {
  const agent = await startAgent(t);
  const target = await startTarget(t);
  assert.deepEqual(await json(agent, '/api/sessions'), []);
  assert.equal((await agent.ask('sessions')).stdout, 'No sessions.\n');
  await openSession(agent, target, 2_048);
  const [session, ...more] = await until(
    () => json<SessionView[]>(agent, '/api/sessions'),
    ([first]) => first?.uplinkBytes === 2_048 && first.downlinkBytes === 2_048,
    'the bytes of the session',
  );
  assert.deepEqual(more, []);
  const { id, startedAt, openedAt, worker, ...facts } = session ?? assert.fail();
  assert.match(id, /^[0-9a-f]{8,32}$/);
  assert.ok(Math.abs(Date.parse(openedAt ?? '') - Date.now()) < 60_000);
  assert.ok(Date.parse(startedAt) <= Date.parse(openedAt ?? ''));
  assert.deepEqual(facts, {
    operationId: agent.operations()[0]?.id,
    deviceId: agent.device.id,
    conduit: 'loopback',
    host: '127.0.0.1',
    port: target.port,
    state: 'open',
    approval: null,
    endsAt: null,
    endsBecause: null,
    generation: 1,
    uplinkBytes: 2_048,
    downlinkBytes: 2_048,
  });

  const status = await json<StatusView>(agent, '/api/status');
  assert.ok(childrenOf(agent.command.pid).includes(status.pid));
  assert.deepEqual(status.cloud, { url: agent.cloud.url, state: 'connected' });
  assert.equal(status.device, agent.device.externalId);
  assert.equal(status.draining, false);
  assert.deepEqual(
    status.workers.map(({ worker: thread, sessions }) => ({ thread, sessions })),
    [{ thread: worker, sessions: 1 }],
  );
  const { sessionsActive, sessionsOpened, operations, uplinkBytes } = status.totals;
  assert.deepEqual(
    { sessionsActive, sessionsOpened, operations, uplinkBytes },
    {
      sessionsActive: 1,
      sessionsOpened: 1,
      operations: 1,
      uplinkBytes: 2_048,
    },
  );

  const table = await agent.ask('sessions');
  assert.match(table.stdout, new RegExp(`^${id} .*127\\.0\\.0\\.1:${target.port} .*open .*2\\.0 KiB`, 'm'));
  const forScripts = await agent.ask('sessions', '--json');
  assert.equal((JSON.parse(forScripts.stdout) as SessionView[])[0]?.id, id);
  const glance = await agent.ask('status');
  assert.match(glance.stdout, /^Cloud +connected to http:/m);
  assert.match(glance.stdout, /^Sessions +1 now, 1 opened, 0 failed$/m);
  assert.deepEqual(
    glance.stdout.split('\n').filter((line) => line.length > 80),
    [],
  );
  const statusJson = JSON.parse((await agent.ask('status', '--json')).stdout) as StatusView;
  assert.equal(statusJson.pid, status.pid);
});

test('DELETE ends one session and answers 204 once both sockets are gone; the neighbour stays', async (t) => {
  const agent = await startAgent(t);
  const target = await startTarget(t);
  const [first, second] = [await openSession(agent, target), await openSession(agent, target)];
  const [one, other] = await json<SessionView[]>(agent, '/api/sessions');
  const answer = await fetch(`${agent.adminUrl}/api/sessions/${one?.id ?? ''}`, { method: 'DELETE' });
  assert.equal(answer.status, 204);
  assert.equal(await answer.text(), '');
  assert.deepEqual(
    (await json<SessionView[]>(agent, '/api/sessions')).map(({ id }) => id),
    [other?.id],
  );
  assert.equal(await (await target.connection(0)).ended(), 'fin');
  assert.deepEqual(await eventually(() => first.ending, 'the end of the tunnel'), {
    code: 1001,
    detail: 'admin',
  });
  const unknown = await fetch(`${agent.adminUrl}/api/sessions/${one?.id ?? ''}`, { method: 'DELETE' });
  assert.equal(unknown.status, 404);
  assert.equal(((await unknown.json()) as { error: string }).error, 'unknown-session');
  second.write('x');
  await once(second, 'data');
});

test('close ends a session from the command line; an unknown one is exit code 1 with a sentence', async (t) => {
  const agent = await startAgent(t);
  const target = await startTarget(t);
  const [first] = [await openSession(agent, target), await openSession(agent, target)];
  const [one, other] = await json<SessionView[]>(agent, '/api/sessions');
  const closed = await agent.ask('close', one?.id ?? '');
  assert.deepEqual(closed, {
    code: 0,
    signal: null,
    stdout: `Session ${one?.id ?? ''} is closed.\n`,
    stderr: '',
  });
  assert.equal((await eventually(() => first.ending, 'the end of the tunnel')).detail, 'admin');
  const again = await agent.ask('close', one?.id ?? '');
  assert.deepEqual([again.code, again.stderr], [1, 'There is no session with this id.\n']);
  const forScripts = await agent.ask('close', other?.id ?? '', '--json');
  assert.deepEqual(JSON.parse(forScripts.stdout), { closed: other?.id });
  assert.deepEqual(await json(agent, '/api/sessions'), []);
});

for (const [how, ask] of [
  [
    'POST /api/drain',
    async (agent: AgentProcess) => {
      const headers = { 'Content-Type': 'application/json' };
      const answer = await fetch(`${agent.adminUrl}/api/drain`, { method: 'POST', headers });
      assert.equal(answer.status, 202);
    },
  ],
  [
    'gatehouse drain',
    async (agent: AgentProcess) => {
      const { code, stdout } = await agent.ask('drain', '--json');
      assert.deepEqual(
        { code, answer: JSON.parse(stdout) as unknown },
        { code: 0, answer: { draining: true } },
      );
    },
  ],
] as const) {
  test(`${how} takes no new sessions and ends the agent with 0 after the last one`, async (t) => {
    const agent = await startAgent(t);
    const target = await startTarget(t);
    const tunnel = await openSession(agent, target);
    await ask(agent);
    const readiness = await fetch(`${agent.adminUrl}/readyz`);
    assert.equal(readiness.status, 503);
    assert.match(((await readiness.json()) as { message: string }).message, /draining/);
    assert.match((await agent.ask('status')).stdout, /draining/);
    assert.equal((await json<StatusView>(agent, '/api/status')).draining, true);
    await tunnel.close();
    assert.equal((await agent.command.ended()).code, 0);
  });
}

test('a wrong Host, a foreign origin and a simple cross-site POST are refused', async (t) => {
  const agent = await startAgent(t);
  const ask = (path: string, method: string, headers: Record<string, string>): Promise<number> =>
    new Promise((resolve, reject) => {
      const asked = request(agent.adminUrl + path, { method, headers }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      asked.once('error', reject).end();
    });
  const { port } = new URL(agent.adminUrl);
  assert.equal(await ask('/api/status', 'GET', { host: `localhost:${port}` }), 200);
  assert.equal(await ask('/api/status', 'GET', { host: 'rebound.example' }), 421);
  assert.equal(await ask('/api/status', 'GET', { host: `rebound.example:${port}` }), 421);
  assert.equal(await ask('/api/status', 'GET', { origin: 'http://elsewhere.example' }), 403);
  assert.equal(await ask('/api/drain', 'POST', { origin: 'null', 'content-type': 'application/json' }), 403);
  assert.equal(await ask('/api/drain', 'POST', { 'content-type': 'text/plain', 'content-length': '0' }), 415);
  assert.equal(await ask('/api/drain', 'GET', {}), 405);
  assert.equal((await json<StatusView>(agent, '/api/status')).draining, false);
});

test('with a token everything but health needs it, and the commands take it from the configuration', async (t) => {
  const token = 'a-token-for-the-listener-of-this-test';
  const agent = await startAgent(t, {
    sections: { admin: { listen: '127.0.0.1:0', token } },
    waitForLink: false,
  });
  assert.equal((await fetch(`${agent.adminUrl}/healthz`)).status, 200);
  for (const path of ['/readyz', '/metrics', '/api/status', '/api/sessions']) {
    const answer = await fetch(agent.adminUrl + path);
    assert.equal(answer.status, 401, path);
    assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer/);
    const wrong = await fetch(agent.adminUrl + path, { headers: { Authorization: `Bearer ${token}x` } });
    assert.equal(wrong.status, 401, path);
    const right = await fetch(agent.adminUrl + path, { headers: { Authorization: `Bearer ${token}` } });
    assert.ok([200, 503].includes(right.status), path);
  }
  assert.equal((await agent.ask('status')).code, 0);
  agent.configure({ admin: { listen: '127.0.0.1:0', token: 'another-token-than-the-agent-has' } });
  const refused = await agent.ask('status');
  assert.equal(refused.code, 77);
  assert.match(refused.stderr, /admin\.token/);
  assert.doesNotMatch(refused.stdout + refused.stderr, /another-token/);
});
