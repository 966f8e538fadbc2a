import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync, rmdirSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { echoes, startAgent, startTarget } from '../helpers/agent-scene.js';
import { gatehouse } from '../helpers/command.js';
import { CrashRig } from '../helpers/crash-rig.js';
import { eventually } from '../helpers/eventually.js';
import * as gen from '../helpers/generations.js';
import { UP } from '../helpers/scene.js';

const FIVE_HOURS_MS = 18_000_000;

/** A module after whose import the wall clock is five hours slow. */
const SLOW_CLOCK = `data:text/javascript,${encodeURIComponent(`
  const Real = Date;
  const now = () => Real.now() - ${FIVE_HOURS_MS};
  globalThis.Date = class extends Real {
    constructor(...given) { super(...(given.length === 0 ? [now()] : given)); }
    static now() { return now(); }
  };
`)}`;

type AuditRecord = Readonly<Record<string, unknown>>;

const AUDIT = { audit: { file: 'audit.log' } };

function recordsIn(folder: string, name = 'audit.log'): AuditRecord[] {
  const text = readFileSync(path.join(folder, name), 'utf8');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as AuditRecord);
}

/** Waits for a record of this type, and of this operation. */
function recorded(folder: string, type: string, operation?: string): Promise<AuditRecord> {
  const isIt = (record: AuditRecord): boolean =>
    record.type === type && (operation === undefined || record.operation === operation);
  return eventually(() => recordsIn(folder).find(isIt), `an audit record ${type} ${operation ?? ''}`);
}

async function killable(t: TestContext): Promise<CrashRig> {
  const rig = await CrashRig.start(AUDIT);
  t.after(() => rig.stop());
  await rig.run();
  return rig;
}

test('an agent writes down what it decided, what was opened and how it ended', async (t) => {
  const agent = await startAgent(t, { sections: AUDIT });
  const target = await startTarget(t);
  const tunnel = await agent.open({ port: target.port });
  await echoes(tunnel, 'hello');
  const { id } = await agent.finalOperation();
  await recorded(agent.folder, 'open', id);
  tunnel.destroy();
  const end = await recorded(agent.folder, 'end', id);
  const refused = agent.open({ hostname: '10.9.9.9', port: 22 });
  const { id: second } = await agent.finalOperation(1);
  await recorded(agent.folder, 'decision', second);
  await refused.then(
    (one) => one.destroy(),
    () => undefined,
  );
  const records = recordsIn(agent.folder);
  assert.deepEqual(
    records.map(({ type, verdict }) => [type, verdict].filter(Boolean).join(' ')),
    ['genesis', 'start', 'decision allowed', 'open', 'end', 'decision refused'],
  );
  const [, start, decision, open, , no] = records;
  assert.match(String(start?.config), /^[0-9a-f]{64}$/);
  assert.deepEqual(decision?.addresses, ['127.0.0.1']);
  assert.match(JSON.stringify(decision.conduit), /"file":"[^"]*gatehouse.yaml","line":\d+/);
  assert.match(JSON.stringify(decision.asked), /"at":"20.*"description":/);
  assert.equal(decision.session, open?.session);
  assert.deepEqual([end.outcome, end.uplinkBytes, end.downlinkBytes], ['ended', 5, 5]);
  assert.deepEqual([no?.code, no?.host, no?.port], ['policy-denied', '10.9.9.9', 22]);
  const verified = await gatehouse(['audit', 'verify', '--json'], { cwd: agent.folder });
  assert.equal(verified.code, 0, verified.stderr);
  assert.match(verified.stdout, /audit\.head/);
});

test('audit verify names the first bad line and exits with 1', async (t) => {
  const rig = await killable(t);
  const id = rig.create();
  await rig.story(id, UP);
  await recorded(rig.folder, 'open', id);
  await rig.kill();
  const file = path.join(rig.folder, 'audit.log');
  const whole = await gatehouse(['audit', 'verify'], { cwd: rig.folder });
  assert.equal(whole.code, 0, whole.stdout);
  assert.match(whole.stdout, /^ok {4}audit\.log: 4 records, each as it was written/);
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace('"allowed"', '"refused"'));
  const changed = await gatehouse(['audit', 'verify', file], { cwd: rig.folder });
  assert.equal(changed.code, 1);
  assert.match(changed.stdout, /^BAD .*audit\.log, line 3 \(changed\)/);
  writeFileSync(file, text.split('\n').slice(0, 3).join('\n') + '\n');
  const cut = await gatehouse(['audit', 'verify'], { cwd: rig.folder });
  assert.equal(cut.code, 1);
  assert.match(cut.stdout, /line 3 \(cut\).*its end was cut off/);
});

test('a session that was open when the agent was killed gets its end at the next start', async (t) => {
  const rig = await killable(t);
  const id = rig.create();
  await rig.story(id, UP);
  const open = await recorded(rig.folder, 'open', id);
  await rig.kill();
  await rig.run();
  const end = await recorded(rig.folder, 'end', id);
  assert.deepEqual(
    [end.outcome, end.reason, end.openedAt, end.durationMs],
    ['ended', 'agent-restarted', open.at, null],
  );
  await rig.kill();
  await rig.run();
  const ends = recordsIn(rig.folder).filter(({ type }) => type === 'end');
  assert.equal(ends.length, 1, 'once');
  assert.equal((await gatehouse(['audit', 'verify'], { cwd: rig.folder })).code, 0);
});

test('while the log cannot be written requests are refused before EXECUTING and sessions go on', async (t) => {
  const rig = await killable(t);
  const open = rig.create();
  await rig.story(open, UP);
  const file = path.join(rig.folder, 'audit.log');
  renameSync(file, `${file}.1`);
  mkdirSync(file);
  const before = rig.trap.connections;
  const refused = rig.create();
  await rig.story(refused, 'PENDING FAILED local-resources');
  const { failureReason } = rig.cloud.platform.operations.get(refused);
  assert.match(String(failureReason), /audit log \(EISDIR.*free or repair the disk of audit\.file/);
  assert.deepEqual(
    [rig.trap.connections, rig.trap.open, rig.dials(refused)],
    [before, 1, 0],
    'nothing is dialled',
  );
  rig.trap.end();
  await rig.agent.printed(/session ended/);
  rmdirSync(file);
  renameSync(`${file}.1`, file);
  const end = await recorded(rig.folder, 'end', open);
  assert.equal(end.reason, 'target-fin');
  await rig.story(rig.create(), UP);
  const decision = await recorded(rig.folder, 'decision', refused);
  assert.deepEqual([decision.verdict, decision.code], ['refused', 'local-resources']);
  assert.equal((await gatehouse(['audit', 'verify'], { cwd: rig.folder })).code, 0);
});

test('generations write one chain, and a reload is in it', async (t) => {
  const agent = await startAgent(t, { sections: AUDIT });
  const target = await startTarget(t);
  const first = await agent.open({ port: target.port });
  const { id } = await agent.finalOperation();
  agent.configure({ ...AUDIT, limits: { sessions: 100 } });
  await gen.reload(agent);
  const reload = await recorded(agent.folder, 'reload');
  assert.deepEqual(reload.changed, ['limits.sessions']);
  const second = await agent.open({ port: target.port });
  const { id: other } = await agent.finalOperation(1);
  await recorded(agent.folder, 'open', other);
  first.destroy();
  second.destroy();
  const [end, otherEnd] = [
    await recorded(agent.folder, 'end', id),
    await recorded(agent.folder, 'end', other),
  ];
  assert.deepEqual([end.generation, otherEnd.generation], [1, 2]);
  const starts = recordsIn(agent.folder).filter(({ type }) => type === 'start');
  assert.deepEqual(
    starts.map(({ generation, elders, config }) => [generation, elders, config]),
    [
      [1, [], reload.before],
      [2, [1], reload.after],
    ],
  );
  await recorded(agent.folder, 'stop');
  const verified = await gatehouse(['audit', 'verify', '--json'], { cwd: agent.folder });
  assert.equal(verified.code, 0, verified.stdout);
});

test('a session that an elder took with it when it died gets its end from the generation in charge', async (t) => {
  const agent = await startAgent(t, { sections: AUDIT });
  const target = await startTarget(t);
  const tunnel = await agent.open({ port: target.port });
  tunnel.on('error', () => undefined);
  const { id } = await agent.finalOperation();
  await gen.reload(agent);
  const [elder] = await gen.generations(agent);
  assert.ok(elder?.pid);
  process.kill(elder.pid, 'SIGKILL');
  const end = await recorded(agent.folder, 'end', id);
  assert.deepEqual([end.generation, end.outcome, end.reason], [1, 'ended', 'agent-restarted']);
  const event = await eventually(() => agent.cloud.platform.events.list({})[0], 'its event');
  assert.match(event.text, /ended with the agent, which was restarted/);
  assert.equal((await gatehouse(['audit', 'verify'], { cwd: agent.folder })).code, 0);
});

for (const audit of ['second.log', 'off']) {
  test(`a session that an agent took with it gets its end where it began, though audit.file is ${audit} now`, async (t) => {
    const rig = await killable(t);
    const id = rig.create();
    await rig.story(id, UP);
    await rig.kill();
    const configuration = path.join(rig.folder, 'gatehouse.yaml');
    const text = readFileSync(configuration, 'utf8');
    writeFileSync(configuration, text.replace('file: audit.log', `file: ${audit}`));
    await rig.run();
    const end = await recorded(rig.folder, 'end', id);
    assert.deepEqual([end.reason, end.outcome], ['agent-restarted', 'ended']);
    const event = await eventually(() => rig.cloud.platform.events.list({})[0], 'its event');
    const { seq } = (event.gatehouse_Session as { audit: { seq: number } }).audit;
    assert.equal(seq, end.seq);
    await rig.kill();
    await rig.run();
    assert.equal(recordsIn(rig.folder).filter(({ type }) => type === 'end').length, 1, 'once');
    const verified = await gatehouse(['audit', 'verify', 'audit.log'], { cwd: rig.folder });
    assert.equal(verified.code, 0, verified.stdout);
  });
}

test('a session of an elder with another audit.file gets its end there when the elder dies', async (t) => {
  const agent = await startAgent(t, { sections: AUDIT });
  const target = await startTarget(t);
  const tunnel = await agent.open({ port: target.port });
  tunnel.on('error', () => undefined);
  const { id } = await agent.finalOperation();
  agent.configure({ audit: { file: 'second.log' } });
  await gen.reload(agent);
  const [elder] = await gen.generations(agent);
  assert.ok(elder?.pid);
  process.kill(elder.pid, 'SIGKILL');
  const end = await recorded(agent.folder, 'end', id);
  assert.deepEqual([end.generation, end.reason], [1, 'agent-restarted']);
  await eventually(() => agent.cloud.platform.events.list({})[0], 'its event');
  assert.equal(recordsIn(agent.folder, 'second.log')[0]?.type, 'genesis');
});

test('a log that is emptied under a running agent does not verify any more', async (t) => {
  const rig = await killable(t);
  await rig.story(rig.create(), UP);
  truncateSync(path.join(rig.folder, 'audit.log'), 0);
  await rig.story(rig.create(), UP);
  const { code, stdout } = await gatehouse(['audit', 'verify'], { cwd: rig.folder });
  assert.equal(code, 1);
  assert.match(stdout, /^BAD .*audit\.log, line 1 \(cut\): .*Nothing before it could be read/s);
});

test('records, sessions and events go by the clock of the cloud, and the log says how far the own one is off', async (t) => {
  const agent = await startAgent(t, { sections: AUDIT, env: { NODE_OPTIONS: `--import=${SLOW_CLOCK}` } });
  const target = await startTarget(t);
  const tunnel = await agent.open({ port: target.port });
  await echoes(tunnel, 'hello');
  const [session] = await gen.sessions(agent);
  tunnel.destroy();
  const { id } = await agent.finalOperation();
  const [open, end] = [await recorded(agent.folder, 'open', id), await recorded(agent.folder, 'end', id)];
  const { time } = await eventually(() => agent.cloud.platform.events.list({})[0], 'the event');
  const times = [session?.startedAt, session?.openedAt, open.at, end.openedAt, end.endedAt, end.at, time];
  for (const [index, one] of times.entries()) {
    const offMs = Date.now() - Date.parse(String(one));
    assert.ok(Math.abs(offMs) < 60_000, `time ${index} is off by ${offMs} ms`);
  }
  const isOff = (skew: unknown): boolean => Math.abs(Number(skew) + FIVE_HOURS_MS) < 60_000;
  const { skewMs } = await recorded(agent.folder, 'clock');
  assert.ok(isOff(skewMs), String(skewMs));
  assert.equal((await recorded(agent.folder, 'start')).skewMs, null, 'nobody had answered yet');
  await gen.reload(agent);
  const second = await eventually(
    () => recordsIn(agent.folder).filter(({ type }) => type === 'start')[1],
    'the start of a generation',
  );
  assert.ok(isOff(second.skewMs), String(second.skewMs));
});

test('an audit file that is something else stops the start, and stays as it is', async (t) => {
  const rig = await CrashRig.start({ audit: { file: 'gatehouse.yaml' } });
  t.after(() => rig.stop());
  const before = readFileSync(path.join(rig.folder, 'gatehouse.yaml'), 'utf8');
  const { code, stdout, stderr } = await rig.launch().ended();
  assert.equal(code, 78, stderr);
  assert.match(stdout + stderr, /is no audit log of gatehouse: name another file with audit\.file/);
  assert.equal(readFileSync(path.join(rig.folder, 'gatehouse.yaml'), 'utf8'), before);
});
