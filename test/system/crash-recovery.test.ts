import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { CrashRig } from '../helpers/crash-rig.js';
import { eventually } from '../helpers/eventually.js';
import { UP } from '../helpers/scene.js';

const RESTARTED = 'PENDING EXECUTING FAILED agent-restarted';

/** Long enough for the step that a test kills at to come first, in ms. */
const HELD_MS = 3_000;

const STATUS_PATH = '/devicecontrol/operations/*';

async function rigOf(t: TestContext): Promise<CrashRig> {
  const rig = await CrashRig.start();
  t.after(() => rig.stop());
  await rig.run();
  return rig;
}

/** Starts the agent again and waits until it has been through the list of operations. */
async function again(rig: CrashRig): Promise<void> {
  rig.cloud.requests.clear();
  await rig.run();
  const swept = () =>
    rig.cloud.requests.list('GET', '/devicecontrol/operations?').some(({ path }) => path.includes('PENDING'));
  await eventually(() => swept() || undefined, 'a sweep');
}

/** The requests since the start: a second dial or a second final status would be among them. */
function statusesSince(rig: CrashRig): number {
  return rig.cloud.requests.list('PUT', '/devicecontrol/operations/').length;
}

test('C12: killed when the claim is written and EXECUTING is not told, the operation fails once and is not dialled again', async (t) => {
  const rig = await rigOf(t);
  rig.cloud.faults.set({ requests: [{ method: 'PUT', path: STATUS_PATH, instead: 'silence' }] });
  const id = rig.create({ answerMs: HELD_MS });
  await rig.journalled(id, 'claimed');
  await rig.kill();
  const dials = rig.dials(id);
  rig.cloud.faults.clear();
  await again(rig);
  await rig.story(id, 'PENDING FAILED agent-restarted');
  assert.equal(rig.dials(id), 0, 'after the restart');
  assert.ok(dials <= 1);
});

test('C12: killed while it dials, the operation fails once and is not dialled again', async (t) => {
  const rig = await rigOf(t);
  const id = rig.create({ answerMs: HELD_MS });
  await rig.story(id, 'PENDING EXECUTING');
  await eventually(() => rig.trap.open > 0 || undefined, 'a connection to the target');
  await rig.kill();
  await again(rig);
  await rig.story(id, RESTARTED);
  assert.equal(rig.dials(id), 0, 'after the restart');
  assert.equal(statusesSince(rig), 1);
});

test('C13: killed when SUCCESSFUL is journalled and not told, it is told once after the restart', async (t) => {
  const rig = await rigOf(t);
  const id = rig.create({ answerMs: 500 });
  await rig.story(id, 'PENDING EXECUTING');
  rig.cloud.faults.set({ requests: [{ method: 'PUT', path: STATUS_PATH, instead: 'silence' }] });
  await rig.journalled(id, 'final');
  await rig.kill();
  rig.cloud.faults.clear();
  await again(rig);
  await rig.story(id, UP);
  await rig.journalled(id, 'final');
  assert.equal(statusesSince(rig), 1);
  assert.equal(rig.dials(id), 0, 'after the restart');
});

test('C13: killed when the cloud has SUCCESSFUL and the agent does not know, it is not told again', async (t) => {
  const rig = await rigOf(t);
  let killed: Promise<void> | undefined;
  rig.cloud.platform.on('operationUpdated', ({ status }) => {
    // In the very turn of the event loop in which the cloud takes it: no answer has left.
    if (status === 'SUCCESSFUL') killed ??= rig.kill();
  });
  const id = rig.create();
  await eventually(() => killed, 'SUCCESSFUL at the cloud');
  await killed;
  assert.equal(rig.journal().includes('"acked"'), false);
  await again(rig);
  await eventually(
    () => rig.cloud.requests.list('GET', `/devicecontrol/operations/${id}`).length > 0 || undefined,
    'a look',
  );
  await rig.agent.printed(/statuses that an earlier run left/);
  rig.agent.kill('SIGTERM');
  await rig.agent.ended();
  assert.equal(rig.ledger.story(id), UP);
  assert.equal(statusesSince(rig), 0);
});

test('killed after all is said, nothing is said again', async (t) => {
  const rig = await rigOf(t);
  const id = rig.create();
  await rig.journalled(id, 'acked');
  await rig.kill();
  await again(rig);
  rig.agent.kill('SIGTERM');
  assert.equal((await rig.agent.ended()).code, 0);
  assert.equal(rig.ledger.story(id), UP);
  assert.equal(statusesSince(rig), 0);
});

test('C05: an operation that comes again after a restart is not dialled a second time', async (t) => {
  const rig = await rigOf(t);
  const id = rig.create();
  await rig.journalled(id, 'acked');
  await rig.kill();
  // As if the cloud had lost what it acknowledged.
  rig.cloud.platform.operations.update(id, { status: 'PENDING' });
  const restored = rig.ledger.story(id);
  await again(rig);
  rig.agent.kill('SIGTERM');
  await rig.agent.ended();
  assert.equal(rig.dials(id), 0, 'after the restart');
  assert.ok(rig.ledger.story(id).startsWith(restored));
});

test('a second agent on the same state directory does not start, and says what to change', async (t) => {
  const rig = await rigOf(t);
  const first = rig.agent;
  const second = rig.launch();
  const { code, stderr } = await second.ended();
  assert.equal(code, 1);
  assert.match(stderr, /in use by process \d+: stop that agent, or give this one a directory of its own/);
  first.kill('SIGTERM');
  assert.equal((await first.ended()).code, 0);
});

test('a state directory that cannot be used ends the start with 78 and what to change', async (t) => {
  const rig = await CrashRig.start({ state: { directory: '/proc/gatehouse' } });
  t.after(() => rig.stop());
  const { code, stderr } = await rig.launch().ended();
  assert.equal(code, 78);
  assert.match(stderr, /state directory \/proc\/gatehouse cannot be used \(ENOENT\): create it/);
});
