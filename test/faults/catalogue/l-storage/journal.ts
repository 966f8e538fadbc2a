import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { eventually } from '../../../helpers/eventually.js';
import { SEARCH_PATH } from '../../injectors/command.js';
import { lapse } from '../../rig/time.js';
import type { Stand } from '../../rig/stand.js';
import type { Rig } from '../../rig.js';
import { assertOneFinalEach } from '../c-operations/traces.js';

/** Longest answer of the admin listener while the disk does not answer, in ms: its event loop is not held up. */
const ANSWER_MS = 1_000;

/** A session that was open before, and whether bytes still go through. */
async function openSession(stand: Stand, port: number): Promise<() => Promise<void>> {
  const tunnel = await stand.open({ port });
  await stand.agent.logged('session open');
  let received = '';
  tunnel.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
  return async () => {
    const text = `still there ${received.length}`;
    tunnel.write(text);
    await eventually(() => received.endsWith(text) || undefined, 'the bytes again');
  };
}

/** Asserts that an operation is refused before EXECUTING, for its journal. */
async function expectRefused(stand: Stand, port: number, cause: RegExp): Promise<void> {
  const id = stand.operate({ port });
  const { failureReason = '' } = await stand.final(id);
  assert.match(failureReason, /^local-resources: The gateway cannot write this request into its journal/);
  assert.match(failureReason, cause);
  assert.equal(stand.ledger.story(id), 'PENDING FAILED local-resources');
}

/** L02: the state directory is on a disk that fills up, and is freed again. */
export async function fullDisk(rig: Rig): Promise<void> {
  const disk = rig.smallDisk(131_072);
  const stand = await rig.start({ sections: { state: { directory: disk.folder } } });
  const target = await rig.target();
  const stillWorks = await openSession(stand, target.port);
  disk.fill();
  // What is left of the last page is soon written.
  for (let index = 0; index < 40; index += 1) await stand.final(stand.operate(target));
  await expectRefused(stand, target.port, /ENOSPC/);
  await stillWorks();
  disk.free();
  await eventually(
    () => stand.agent.log().some(({ msg }) => msg === 'the journal can be written again') || undefined,
    'a journal that works',
    30_000,
  );
  await stand.expectEcho(target);
  await stillWorks();
  const told = stand.agent.log().filter(({ msg }) => msg.startsWith('the journal cannot be written'));
  assert.equal(told.length, 1, 'one line for the change');
  await assertOneFinalEach(stand);
}

/** L03: errors of the disk, and one that takes its time. */
export async function failingDisk(rig: Rig): Promise<void> {
  const stand = await rig.start();
  const target = await rig.target();
  const stillWorks = await openSession(stand, target.port);
  for (const [rule, cause] of [
    ['fdatasync:error=EIO', /EIO/],
    ['pwrite64:error=EROFS', /EROFS/],
    ['fdatasync:delay_enter=8000000', /ETIMEDOUT|did not answer within 5 s/],
  ] as const) {
    const free = await inject(stand, rule);
    try {
      const refused = expectRefused(stand, target.port, cause);
      const startedAt = performance.now();
      await stand.agent.isReady();
      rig.figure(`${rule} answered after ms`, performance.now() - startedAt);
      assert.ok(performance.now() - startedAt < ANSWER_MS, 'the event loop was held up');
      await stillWorks();
      await refused;
    } finally {
      await free();
    }
    await eventually(
      () => stand.agent.log().at(-1)?.msg === 'the journal can be written again' || undefined,
      'a journal that works',
      30_000,
    ).catch(() => undefined);
    await stand.expectEcho(target);
  }
  await stillWorks();
  await assertOneFinalEach(stand);
}

/** L07: more statuses than may wait, while the cloud takes none; then it does. */
export async function manyStatuses(rig: Rig): Promise<void> {
  const stand = await rig.start({ sections: { conduits: [] } });
  const before = await stand.agent.residentBytes();
  stand.cloud.faults.set({ requests: [{ method: 'PUT', path: '/devicecontrol/operations/*', status: 503 }] });
  const count = 12_000;
  const ids = Array.from({ length: count }, () => stand.operate({ port: 9 }));
  const size = (): Promise<number> => stand.agent.metric('gatehouse_status_outbox_size');
  let waiting = 0;
  for (let look = 0; look < 300 && waiting < 10_000; look += 1) {
    await lapse(200);
    waiting = await size();
    assert.ok(waiting <= 10_000, `${waiting} statuses wait`);
  }
  assert.equal(waiting, 10_000);
  rig.figure('memory added MiB', ((await stand.agent.residentBytes()) - before) / 1_048_576);
  // Over a restart, too.
  stand.agent.killAll('SIGKILL');
  await stand.agent.command.ended();
  await stand.launch();
  stand.cloud.faults.clear();
  const startedAt = performance.now();
  await eventually(() => stand.ledger.finished === count || undefined, 'a final status of each', 150_000);
  rig.figure('delivered after ms', performance.now() - startedAt);
  for (const id of ids) assert.equal(stand.ledger.story(id), 'PENDING FAILED policy-denied');
}

/** Lets system calls of the running agent fail, or wait, by strace; gives what ends that. */
async function inject(stand: Stand, rule: string): Promise<() => Promise<void>> {
  const call = rule.split(':')[0] ?? '';
  const pids = stand.agent.pids;
  const attach = pids.flatMap((pid) => ['-p', String(pid)]);
  const args = ['-f', '-qq', '-o', '/dev/null', ...attach, '-e', `trace=${call}`, '-e', `inject=${rule}`];
  const tracer = spawn('strace', args, { stdio: 'ignore', env: { PATH: SEARCH_PATH } });
  let hasEnded = false;
  const ended = new Promise<void>((resolve) => {
    tracer.on('error', () => resolve());
    tracer.on('exit', () => resolve());
  }).then(() => void (hasEnded = true));
  await eventually(() => hasEnded || pids.every(isTraced) || undefined, 'an agent that is traced');
  assert.equal(hasEnded, false, 'strace ended');
  return async () => {
    tracer.kill('SIGINT');
    await ended;
  };
}

function isTraced(pid: number): boolean {
  return readdirSync(`/proc/${pid}/task`).every((task) =>
    /^TracerPid:\t[1-9]/m.test(readFileSync(`/proc/${pid}/task/${task}/status`, 'latin1')),
  );
}
