import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { encodeRecord, JOURNAL_FORMAT } from '../../../../src/journal/record.js';
import { eventually } from '../../../helpers/eventually.js';
import { Agent } from '../../rig/agent.js';
import type { Rig } from '../../rig.js';
import type { Stand } from '../../rig/stand.js';
import { assertOneFinalEach, dials } from './traces.js';

const STATUS_PATH = '/devicecontrol/operations/*';

/** Longest start of an agent that has to refuse to run, in ms. */
const REFUSAL_MS = 15_000;

function stateDirectory(stand: Stand): string {
  return path.join(stand.folder, '.gatehouse');
}

/** The journal files, the oldest first. */
function journals(stand: Stand): string[] {
  const names = readdirSync(stateDirectory(stand)).filter((name) => /^journal\.\d+$/.test(name));
  return names
    .sort((one, other) => Number(one.slice(8)) - Number(other.slice(8)))
    .map((name) => path.join(stateDirectory(stand), name));
}

async function journalled(stand: Stand, text: string): Promise<void> {
  const holds = (): boolean => journals(stand).some((file) => readFileSync(file, 'utf8').includes(text));
  await eventually(() => holds() || undefined, `${text} in the journal`);
}

/** SIGKILL to all of the agent at once. */
async function crash(stand: Stand): Promise<void> {
  stand.agent.killAll('SIGKILL');
  await stand.agent.command.ended();
}

/** C12: killed when the claim is written and EXECUTING is under way; and when the cloud has EXECUTING. */
export async function beforeDial(rig: Rig): Promise<void> {
  const stand = await rig.start();
  const target = await rig.target();
  stand.cloud.faults.set({ requests: [{ method: 'PUT', path: STATUS_PATH, instead: 'silence' }] });
  const untold = stand.operate(target, { delayMs: 30_000 });
  await journalled(stand, `"claimed","id":"${untold}"`);
  await crash(stand);
  const before = dials(stand, untold);
  assert.ok(before <= 1);
  stand.cloud.faults.clear();
  await stand.launch();
  await stand.final(untold);
  assert.equal(stand.ledger.story(untold), 'PENDING FAILED agent-restarted');
  const told = stand.operate(target, { delayMs: 30_000 });
  await eventually(() => stand.ledger.story(told) === 'PENDING EXECUTING' || undefined, 'EXECUTING');
  await crash(stand);
  await stand.launch();
  await stand.final(told);
  assert.equal(stand.ledger.story(told), 'PENDING EXECUTING FAILED agent-restarted');
  await stand.expectEcho(target);
  assert.equal(dials(stand, untold), before, 'dialled after the restart');
  assert.ok(dials(stand, told) <= 1);
  await assertOneFinalEach(stand);
}

/** C13: killed when SUCCESSFUL is written and not told; and when the cloud has it and the agent does not know. */
export async function beforeAck(rig: Rig): Promise<void> {
  const stand = await rig.start();
  const target = await rig.target();
  const untold = stand.operate(target, { delayMs: 700 });
  await eventually(() => stand.ledger.story(untold) === 'PENDING EXECUTING' || undefined, 'EXECUTING');
  stand.cloud.faults.set({ requests: [{ method: 'PUT', path: STATUS_PATH, instead: 'silence' }] });
  await journalled(stand, `"final","id":"${untold}"`);
  await crash(stand);
  stand.cloud.faults.clear();
  await stand.launch();
  await stand.final(untold);
  let killed: Promise<void> | undefined;
  const onUpdate = ({ status }: { readonly status: string }): void => {
    if (status === 'SUCCESSFUL') killed ??= crash(stand);
  };
  stand.cloud.platform.on('operationUpdated', onUpdate);
  const told = stand.operate(target);
  await eventually(() => killed, 'SUCCESSFUL at the cloud');
  await killed;
  stand.cloud.platform.off('operationUpdated', onUpdate);
  await stand.launch();
  await stand.expectEcho(target);
  for (const id of [untold, told]) {
    assert.equal(stand.ledger.story(id), 'PENDING EXECUTING SUCCESSFUL');
    assert.equal(dials(stand, id), 1);
  }
}

/** C14: the state directory is gone with everything in it. */
export async function lostJournal(rig: Rig): Promise<void> {
  const stand = await rig.start();
  const target = await rig.target();
  const ids = Array.from({ length: 5 }, () => stand.operate(target, { delayMs: 30_000 }));
  for (const id of ids) {
    await eventually(() => stand.ledger.story(id) === 'PENDING EXECUTING' || undefined, 'EXECUTING');
  }
  await crash(stand);
  rmSync(stateDirectory(stand), { recursive: true });
  await stand.launch();
  for (const id of ids) {
    await stand.final(id);
    assert.equal(stand.ledger.story(id), 'PENDING EXECUTING FAILED agent-restarted');
    assert.ok(dials(stand, id) <= 1);
  }
  await stand.expectEcho(target);
  await assertOneFinalEach(stand);
}

/** C15: cut in its last record; a bit flipped in the middle; written by a newer version. */
export async function damagedJournal(rig: Rig): Promise<void> {
  const stand = await rig.start();
  const target = await rig.target();
  const ids = ['first', 'second'].map(() => stand.operate(target, { delayMs: 30_000 }));
  for (const id of ids) {
    await eventually(() => stand.ledger.story(id) === 'PENDING EXECUTING' || undefined, 'EXECUTING');
  }
  await crash(stand);
  const torn = journals(stand).at(-1) ?? assert.fail('no journal');
  truncateSync(torn, readFileSync(torn).length - 5);
  await stand.launch();
  for (const id of ids) {
    assert.match((await stand.final(id)).failureReason ?? '', /^agent-restarted/);
    assert.ok(dials(stand, id) <= 1);
  }
  await stand.expectEcho(target);
  await crash(stand);
  const damaged = journals(stand).at(-1) ?? assert.fail('no journal');
  const bytes = readFileSync(damaged);
  bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 4, bytes.length >> 1);
  writeFileSync(damaged, bytes);
  await stand.launch();
  await stand.agent.logged('the journal is damaged and set aside: what earlier runs left is not known');
  assert.equal(readdirSync(stateDirectory(stand)).filter((name) => name.startsWith('damaged.')).length, 1);
  await stand.expectEcho(target);
  await crash(stand);
  const newer = journals(stand).at(-1) ?? assert.fail('no journal');
  const format = JOURNAL_FORMAT + 1;
  writeFileSync(newer, encodeRecord(0, { type: 'header', format, generation: 1, at: 1 }));
  const refused = Agent.spawn(stand.folder);
  rig.atEnd(() => refused.discard());
  await eventually(
    () => refused.hasEnded || undefined,
    'the end of an agent that must not start',
    REFUSAL_MS,
  );
  const { code, stdout, stderr } = await refused.ended();
  assert.equal(code, 78);
  assert.match(stdout + stderr, /written by a newer version of gatehouse \(format 2\): run that version/);
  rmSync(newer);
  await stand.launch();
  await stand.expectEcho(target);
  await stand.final();
  await assertOneFinalEach(stand);
}
