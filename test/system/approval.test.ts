import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_WAITING_APPROVALS } from '../../contract/limits.js';
import type { OperationView } from '../../src/admin/backend.js';
import { echoes, startAgent, startTarget } from '../helpers/agent-scene.js';
import { ASKING, create, final, post, request, waiting } from '../helpers/approval-scene.js';
import { eventually } from '../helpers/eventually.js';
import * as gen from '../helpers/generations.js';
import { Ledger } from '../helpers/ledger.js';

/** What the list of recent operations says of the last one. */
async function newest(agent: gen.SeenAgent): Promise<OperationView | undefined> {
  return (await gen.ask<OperationView[]>(agent, '/api/operations'))?.[0];
}

const FAILED = (code: string): string => `PENDING EXECUTING FAILED ${code}`;

test('a session waits, EXECUTING and undialled, until somebody approves it over the admin API', async (t) => {
  const agent = await startAgent(t, { sections: { conduits: ASKING } });
  const target = await startTarget(t);
  const opening = agent.open(target);
  const { id, askedAt, expiresAt, ...facts } = await request(agent);
  assert.match(id, /^[0-9a-f]{10}$/);
  const operation = agent.operations()[0];
  assert.deepEqual(facts, {
    sessionId: id,
    operationId: operation?.id,
    deviceId: agent.device.id,
    conduit: 'hmis',
    host: '127.0.0.1',
    port: target.port,
  });
  assert.equal(Date.parse(expiresAt) - Date.parse(askedAt), 300_000);
  await eventually(() => agent.operations()[0]?.status === 'EXECUTING' || undefined, 'EXECUTING');
  const [session] = await gen.sessions(agent);
  assert.deepEqual([session?.id, session?.state, session?.approval], [id, 'connecting', 'waiting']);
  assert.equal(target.connections.length, 0);
  assert.equal(agent.cloud.requests.list('GET', '/service/remoteaccess/device').length, 0);

  const answer = await post(agent, `${id}/approve`, { by: 'Ann\u001b[31m at line 3', way: 'dashboard' });
  assert.deepEqual(answer, { status: 200, body: { id, status: 'approved', by: 'Ann [31m at line 3' } });
  await echoes(await opening, 'let in');
  const line = await agent.logged('session approved on site', { sessionId: id });
  assert.deepEqual([line.by, line.way], ['Ann [31m at line 3', 'dashboard']);
  assert.equal((await gen.sessions(agent))[0]?.approval, 'approved');
  assert.deepEqual(await gen.ask(agent, '/api/approvals'), []);
  assert.equal((await agent.finalOperation()).status, 'SUCCESSFUL');

  const again = await post(agent, `${id}/deny`, { by: 'Bob' });
  assert.equal(again.status, 409);
  assert.equal(again.body.message, 'Too late: Ann [31m at line 3 had approved it (dashboard).');
});

test('of two people who answer, the first counts and the second is told', async (t) => {
  const agent = await startAgent(t, { sections: { conduits: ASKING } });
  const target = await startTarget(t);
  const ids = [create(agent, target.port), create(agent, target.port)];
  for (const { id } of await waiting(agent, 2)) {
    const answers = await Promise.all([
      post(agent, `${id}/deny`, { by: 'Ann' }),
      post(agent, `${id}/approve`, { by: 'Bob' }),
    ]);
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409]);
  }
  await Promise.all(ids.map((id) => final(agent, id)));
});

test('a denial fails the operation with who it was and in which way, and nothing is dialled', async (t) => {
  const agent = await startAgent(t, { sections: { conduits: ASKING } });
  const target = await startTarget(t);
  const id = create(agent, target.port);
  const { id: asked } = await request(agent);
  assert.equal((await newest(agent))?.outcome, 'waiting');
  const end = await agent.ask('deny', asked, '--by', 'Shift lead');
  assert.deepEqual([end.code, end.stdout], [0, `Request ${asked} is denied.\n`]);
  const { failureReason = '' } = await final(agent, id);
  assert.match(failureReason, /^approval-denied: .* was denied on site by Shift lead \(command line\);/);
  const { outcome, code, conduit } = (await newest(agent)) ?? {};
  assert.deepEqual([outcome, code, conduit], ['refused', 'approval-denied', 'hmis'], 'it was never dialled');
  assert.equal(target.connections.length, 0);
  const late = await agent.ask('approve', asked);
  assert.deepEqual([late.code, late.stderr], [1, 'Too late: Shift lead had denied it (command line).\n']);
});

test('the commands list, approve and refuse what they do not know', async (t) => {
  const agent = await startAgent(t, { sections: { conduits: ASKING } });
  const target = await startTarget(t);
  assert.equal((await agent.ask('approvals')).stdout, 'Nobody waits for approval.\n');
  const id = create(agent, target.port);
  const { id: asked } = await request(agent);
  const list = (await agent.ask('approvals')).stdout;
  assert.match(list, new RegExp(`^${asked}  hmis     127\\.0\\.0\\.1:${target.port}  ${id}  `, 'm'));
  const json = JSON.parse((await agent.ask('approvals', '--json')).stdout) as unknown;
  assert.deepEqual(json, await gen.ask(agent, '/api/approvals'));
  const approved = await agent.ask('approve', asked, '--json');
  assert.deepEqual(JSON.parse(approved.stdout), { id: asked, status: 'approved' });
  assert.equal((await final(agent, id)).status, 'SUCCESSFUL');

  const unknown = await agent.ask('approve', '0123456789');
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /There is no request with this id/);
  assert.equal((await agent.ask('approve', '../../x')).code, 64);
  for (const path of ['0123456789/approve', 'x/deny', `${asked}x/approve`])
    assert.equal((await post(agent, path)).status, 404, path);
  for (const body of [{ by: 7 }, { by: '\u0000' }, { way: 'telepathy' }, { more: 1 }])
    assert.equal((await post(agent, `${asked}/approve`, body)).status, 400, JSON.stringify(body));
});

test('nobody answers in time: the operation fails, and an answer that comes later is refused', async (t) => {
  const agent = await startAgent(t, { sections: { conduits: ASKING, approval: { timeout: '1s' } } });
  const target = await startTarget(t);
  const ledger = new Ledger(agent.cloud.platform);
  const id = create(agent, target.port);
  const { id: asked } = await request(agent);
  const { failureReason = '' } = await final(agent, id);
  assert.match(failureReason, /^approval-timeout: Nobody approved .* within 1 s \(approval\.timeout\);/);
  assert.equal(ledger.story(id), FAILED('approval-timeout'));
  assert.equal((await newest(agent))?.outcome, 'refused');
  const late = await post(agent, `${asked}/approve`);
  assert.deepEqual([late.status, late.body.message], [409, 'Too late: nobody answered it in time.']);
  assert.equal(target.connections.length, 0);
});

test('a user who gave up during the wait is told that it was the wait', async (t) => {
  const agent = await startAgent(t, { sections: { conduits: ASKING } });
  const target = await startTarget(t);
  const id = create(agent, target.port, { status: 404 });
  await post(agent, `${(await request(agent)).id}/approve`);
  const { failureReason = '' } = await final(agent, id);
  assert.match(
    failureReason,
    /^cloud-key-unknown: .* had waited \d+ s for approval, and the user's side gave up/,
  );
});

test('what waits holds its place in the limits, and its own bound refuses more', async (t) => {
  const conduits = [{ ...ASKING[0], maxSessions: MAX_WAITING_APPROVALS + 5 }];
  const agent = await startAgent(t, { sections: { conduits, limits: { sessionsPerTarget: 1 } } });
  const target = await startTarget(t);
  const first = create(agent, target.port);
  const { id: asked } = await request(agent);
  const second = create(agent, target.port);
  assert.match((await final(agent, second)).failureReason ?? '', /^limit-reached: All 1 sessions to /);
  for (let index = 1; index < MAX_WAITING_APPROVALS; index += 1) create(agent, index);
  await waiting(agent, MAX_WAITING_APPROVALS);
  const tooMany = await final(agent, create(agent, MAX_WAITING_APPROVALS + 1));
  assert.match(tooMany.failureReason ?? '', /^limit-reached: 100 requests wait for approval on site already/);
  // Its own place does not stand in its way when it is looked at again.
  await post(agent, `${asked}/approve`);
  assert.equal((await final(agent, first)).status, 'SUCCESSFUL');
});

test('a request that is cancelled in the cloud, closed here or drained waits no more', async (t) => {
  const agent = await startAgent(t, { sections: { conduits: ASKING } });
  const target = await startTarget(t);
  const cancelled = create(agent, target.port);
  const { id: first } = await request(agent);
  await eventually(
    () => agent.cloud.platform.operations.get(cancelled).status === 'EXECUTING' || undefined,
    'EXECUTING',
  );
  agent.cloud.platform.operations.update(cancelled, { status: 'FAILED', failureReason: 'by the user' });
  await waiting(agent, 0);
  assert.equal((await post(agent, `${first}/approve`)).status, 409);

  const closed = create(agent, target.port);
  assert.equal((await agent.ask('close', (await request(agent)).id)).code, 0);
  assert.match(
    (await final(agent, closed)).failureReason ?? '',
    /^cancelled: Ended before anything was dialled: /,
  );

  const drained = create(agent, target.port);
  await request(agent);
  await agent.ask('drain');
  assert.match((await final(agent, drained)).failureReason ?? '', /^cancelled: .* takes on no new sessions/);
  assert.equal((await agent.command.ended()).code, 0);
  assert.equal(target.connections.length, 0);
});

test('the end of the agent ends the waiting: cleanly told at once, after a crash by the next run', async (t) => {
  const agent = await startAgent(t, { sections: { conduits: ASKING } });
  const target = await startTarget(t);
  const crashed = create(agent, target.port);
  await request(agent);
  const [generation] = await gen.generations(agent);
  process.kill(generation?.pid ?? assert.fail(), 'SIGKILL');
  assert.match((await final(agent, crashed)).failureReason ?? '', /^agent-restarted: /);
  await gen.inCharge(agent, 2);
  const stopped = create(agent, target.port);
  await request(agent);
  agent.command.kill('SIGTERM');
  assert.match((await final(agent, stopped)).failureReason ?? '', /^cancelled: .* the gateway stops/);
  assert.equal((await agent.command.ended()).code, 0);
  assert.equal(target.connections.length, 0);
});

test('a reload keeps what waits, in the elder; one that takes the conduit away ends it', async (t) => {
  const agent = await startAgent(t, { sections: { conduits: ASKING } });
  const target = await startTarget(t);
  const old = create(agent, target.port);
  const { id: first } = await request(agent);
  await gen.reload(agent);
  const fresh = create(agent, target.port);
  const list = await waiting(agent, 2);
  assert.deepEqual(
    list.map(({ operationId }) => operationId),
    [old, fresh],
  );
  assert.equal((await post(agent, `${first}/approve`, { by: 'Ann' })).status, 200);
  assert.equal((await final(agent, old)).status, 'SUCCESSFUL');
  const again = await post(agent, `${first}/approve`);
  assert.deepEqual([again.status, again.body.message], [409, 'Too late: Ann had approved it (admin API).']);

  agent.configure({ conduits: [{ name: 'other', host: '127.0.0.2', ports: [1] }] });
  await gen.reload(agent);
  assert.match(
    (await final(agent, fresh)).failureReason ?? '',
    /^policy-denied: Ended before anything was dialled/,
  );
  await waiting(agent, 0);
  assert.equal(target.connections.length, 1);
});
