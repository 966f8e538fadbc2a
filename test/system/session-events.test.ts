import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync, rmdirSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Event } from '../../simulator/store/events.js';
import { echoes, startAgent, startTarget } from '../helpers/agent-scene.js';
import { gatehouse } from '../helpers/command.js';
import { CrashRig } from '../helpers/crash-rig.js';
import * as asking from '../helpers/approval-scene.js';
import { eventually } from '../helpers/eventually.js';
import * as gen from '../helpers/generations.js';
import { unlessMissing } from '../helpers/programs.js';
import { UP } from '../helpers/scene.js';
import { ThinEdgeScene } from '../helpers/thin-edge-scene.js';

type Fields = Readonly<Record<string, unknown>>;

const AUDIT = { audit: { file: 'audit.log' } };
const EVENTS_PATH = '/event/events';

/** The event's facts. */
function factsOf(event: Event): Fields {
  return event.gatehouse_Session as Fields;
}

function endsIn(folder: string): Fields[] {
  const text = readFileSync(path.join(folder, 'audit.log'), 'utf8');
  const records = text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Fields);
  return records.filter(({ type }) => type === 'end');
}

/** Record and event tell the same, and the event's anchor is the record's place. */
async function assertAgree(folder: string, event: Event): Promise<void> {
  const facts = factsOf(event);
  const end = endsIn(folder).find(({ session }) => session === facts.session) ?? assert.fail('no record');
  for (const field of ['operation', 'host', 'port', 'conduit', 'openedAt', 'endedAt', 'durationMs'])
    assert.deepEqual(facts[field], end[field], field);
  for (const field of ['uplinkBytes', 'downlinkBytes', 'reason', 'detail', 'approved', 'asked'])
    assert.deepEqual(facts[field], end[field], field);
  const { seq, hash } = facts.audit as { seq: number; hash: string };
  assert.equal(seq, end.seq);
  const verified = await gatehouse(['audit', 'verify', '--anchor', `${seq}:${hash}`], { cwd: folder });
  assert.equal(verified.code, 0, verified.stdout);
  assert.match(verified.stdout, new RegExp(`the anchor ${seq}:`));
}

async function rigOf(t: TestContext, intake: 'rest' | 'mqtt' = 'rest'): Promise<CrashRig> {
  const rig = await CrashRig.start(AUDIT, intake);
  t.after(() => rig.stop());
  await rig.run();
  return rig;
}

/** Opens a session through the rig and lets the target end it. */
async function endedSession(rig: CrashRig): Promise<string> {
  const id = rig.create();
  await rig.story(id, UP);
  rig.trap.end();
  await eventually(() => endsIn(rig.folder).find(({ operation }) => operation === id), 'the end record');
  return id;
}

for (const intake of ['rest', 'mqtt'] as const) {
  test(`the end of a session becomes one event with the facts of its record (${intake})`, async (t) => {
    const rig = await rigOf(t, intake);
    const id = await endedSession(rig);
    const { events } = rig.cloud.platform;
    const event = await eventually(() => events.list({})[0], 'the event');
    assert.equal(event.type, 'gatehouse_SessionEnded');
    assert.equal(event.source.id, rig.device.id);
    assert.match(event.text, /^Remote access to 127\.0\.0\.1:\d+ \(conduit .*target-fin; 0 bytes/);
    assert.equal(factsOf(event).operation, id);
    await assertAgree(rig.folder, event);
    const isOverRest = rig.cloud.requests.list('POST', EVENTS_PATH).length === 1;
    assert.equal(isOverRest, intake === 'rest');
  });
}

test('an event waits while the cloud is away, and arrives once', async (t) => {
  const rig = await rigOf(t);
  rig.cloud.faults.set({ requests: [{ method: 'POST', path: EVENTS_PATH, instead: 'silence' }] });
  const id = await endedSession(rig);
  const kept = path.join(rig.stateDirectory, 'events.1');
  await eventually(() => readFileSync(kept, 'utf8').includes(id) || undefined, 'the event on the disk');
  await rig.kill();
  assert.deepEqual(rig.cloud.platform.events.list({}), []);
  rig.cloud.faults.clear();
  await rig.run();
  const event = await eventually(() => rig.cloud.platform.events.list({})[0], 'the event');
  assert.equal(factsOf(event).operation, id);
  await assertAgree(rig.folder, event);
  await rig.kill();
  await rig.run();
  await endedSession(rig);
  await eventually(() => rig.cloud.platform.events.list({})[1], 'the event of another session');
  assert.equal(rig.cloud.platform.events.list({}).length, 2);
});

test('an event that arrived without the agent knowing it is not sent again', async (t) => {
  const rig = await rigOf(t);
  let killed: Promise<void> | undefined;
  rig.cloud.platform.on('eventCreated', () => {
    // In the very turn of the event loop in which the cloud takes it: no answer has left.
    killed ??= rig.kill();
  });
  await endedSession(rig);
  await eventually(() => killed, 'the event');
  await killed;
  await rig.run();
  await eventually(() => rig.cloud.requests.list('GET', EVENTS_PATH)[0], 'the question whether it is there');
  await endedSession(rig);
  await eventually(() => rig.cloud.platform.events.list({})[1], 'the event of another session');
  assert.equal(rig.cloud.platform.events.list({}).length, 2);
});

test('the event of a session that was open when the agent was killed is sent by the next run', async (t) => {
  const rig = await rigOf(t);
  const id = rig.create();
  await rig.story(id, UP);
  await rig.kill();
  await rig.run();
  const event = await eventually(() => rig.cloud.platform.events.list({})[0], 'the event');
  const { operation, reason, durationMs, conduit, asked } = factsOf(event);
  assert.deepEqual([operation, reason, durationMs], [id, 'agent-restarted', null]);
  assert.match(JSON.stringify(conduit), /"name":"[^"]+","file":"[^"]*gatehouse.yaml","line":\d+/);
  assert.match(JSON.stringify(asked), /"at":"20/);
  await assertAgree(rig.folder, event);
});

test('what was sent while the log could not be written is not contradicted by the next run', async (t) => {
  const rig = await rigOf(t);
  const id = rig.create();
  await rig.story(id, UP);
  const file = path.join(rig.folder, 'audit.log');
  renameSync(file, `${file}.1`);
  mkdirSync(file);
  rig.trap.end();
  const { events } = rig.cloud.platform;
  const event = await eventually(() => events.list({})[0], 'the event');
  assert.deepEqual([factsOf(event).reason, factsOf(event).audit], ['target-fin', null]);
  await rig.kill();
  rmdirSync(file);
  renameSync(`${file}.1`, file);
  await rig.run();
  const end = await eventually(() => endsIn(rig.folder)[0], 'the end record');
  assert.equal(end.reason, 'agent-restarted');
  await eventually(() => rig.cloud.requests.list('GET', EVENTS_PATH)[0], 'the question whether it is there');
  await endedSession(rig);
  await eventually(() => events.list({})[1], 'the event of another session');
  assert.deepEqual(
    events.list({}).map((one) => factsOf(one).reason),
    ['target-fin', 'target-fin'],
  );
});

for (const [what, sections] of [
  ['log and journal', AUDIT],
  ['neither log nor journal', { state: { directory: 'off' } }],
] as const) {
  test(`the events of sessions that end with the agent arrive before it is gone (${what})`, async (t) => {
    const agent = await startAgent(t, { sections });
    const target = await startTarget(t);
    for (let index = 0; index < 5; index += 1) {
      const tunnel = await agent.open({ port: target.port });
      tunnel.on('error', () => undefined);
      await echoes(tunnel, 'hello');
      tunnel.resume();
    }
    agent.command.kill('SIGTERM');
    const { code } = await agent.command.ended();
    const reasons = agent.cloud.platform.events.list({}).map((event) => factsOf(event).reason);
    assert.deepEqual([code, reasons], [0, Array.from({ length: 5 }, () => 'shutdown')]);
  });
}

test('an elder stays until the cloud has the events of its sessions', async (t) => {
  const agent = await startAgent(t, { sections: { state: { directory: 'off' } } });
  const target = await startTarget(t);
  const tunnel = await agent.open({ port: target.port });
  await echoes(tunnel, 'hello');
  await gen.reload(agent);
  agent.cloud.faults.set({ requests: [{ method: 'POST', path: EVENTS_PATH, status: 503 }] });
  tunnel.destroy();
  const tries = (): number => agent.cloud.requests.list('POST', EVENTS_PATH).length;
  const sinceMs = await eventually(() => (tries() > 0 ? Date.now() : undefined), 'a first try');
  // A process that does not wait for it gives it two seconds at its end.
  const before = await eventually(() => (Date.now() - sinceMs > 4_000 ? tries() : undefined), 'some seconds');
  await eventually(() => tries() > before || undefined, 'another try');
  agent.cloud.faults.clear();
  const event = await eventually(() => agent.cloud.platform.events.list({})[0], 'the event');
  assert.match(event.text, /^Remote access to 127/);
});

test('event and records tell who approved a session, and who denied one', async (t) => {
  const agent = await startAgent(t, { sections: { ...AUDIT, conduits: asking.ASKING } });
  const target = await startTarget(t);
  const answer = async (path: string): Promise<string> => {
    const id = asking.create(agent, target.port);
    const { id: request } = await asking.request(agent);
    await asking.post(agent, `${request}/${path}`, { by: 'Ann' });
    await asking.final(agent, id);
    return id;
  };
  await answer('deny');
  const id = await answer('approve');
  await agent.ask('close', (await gen.sessions(agent))[0]?.id ?? '');
  const event = await eventually(() => agent.cloud.platform.events.list({})[0], 'the event');
  assert.deepEqual(factsOf(event).approved, { by: 'Ann', way: 'admin API' });
  assert.equal(factsOf(event).operation, id);
  await assertAgree(agent.folder, event);
  const text = readFileSync(path.join(agent.folder, 'audit.log'), 'utf8');
  assert.match(text, /"type":"approval",.*"outcome":"denied","by":"Ann","way":"admin API","sentence":/);
});

test('audit.events: false sends none', async (t) => {
  const agent = await startAgent(t, { sections: { audit: { file: 'audit.log', events: false } } });
  const target = await startTarget(t);
  const tunnel = await agent.open({ port: target.port });
  await echoes(tunnel, 'hello');
  tunnel.destroy();
  await eventually(() => endsIn(agent.folder)[0], 'the end record');
  agent.command.kill('SIGTERM');
  await agent.command.ended();
  assert.deepEqual(agent.cloud.platform.events.list({}), []);
});

test(
  'over thin-edge.io the events of gateway and child go through its bridge',
  unlessMissing('mosquitto', 'mosquitto_pub'),
  async (t) => {
    const scene = await ThinEdgeScene.start(t, { children: ['plc-3'] });
    const target = await startTarget(t);
    for (const deviceId of [scene.device.id, scene.child('plc-3')]) {
      const tunnel = await scene.open(target.port, deviceId);
      await echoes(tunnel, 'hello');
      tunnel.destroy();
      const { events } = scene.cloud.platform;
      const event = await eventually(() => events.list({ source: deviceId })[0], 'the event of the device');
      assert.equal(event.type, 'gatehouse_SessionEnded');
    }
    assert.deepEqual(scene.cloud.requests.list('POST', EVENTS_PATH), []);
  },
);
