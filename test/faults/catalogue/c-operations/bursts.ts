import assert from 'node:assert/strict';
import { closedPort } from '../../../helpers/closed-port.js';
import { eventually } from '../../../helpers/eventually.js';
import { assertWithin } from '../../rig/time.js';
import type { Rig } from '../../rig.js';
import { assertOneFinalEach } from './traces.js';

const BURST = 10_000;

/** Longest time for all of the burst, in ms. */
const BURST_MS = 150_000;

/** Memory that the burst may add, in bytes. */
const GROWTH_BYTES = 150 * 1_048_576;

/** C16: ten thousand at once, to a target that may have 64 sessions. */
export async function tenThousand(rig: Rig): Promise<void> {
  const stand = await rig.start();
  const target = await rig.target((socket) => void socket.resume());
  await stand.expectEcho(await rig.target());
  const before = await stand.agent.residentBytes();
  const startedAt = performance.now();
  const known = stand.ledger.finished;
  for (let index = 0; index < BURST; index += 1) stand.operate(target);
  let most = 0;
  const watch = setInterval(() => {
    stand.agent.residentBytes().then(
      (bytes) => (most = Math.max(most, bytes)),
      () => undefined,
    );
  }, 500);
  await eventually(
    () => stand.ledger.finished === known + BURST || undefined,
    'a final status of each',
    BURST_MS,
  ).finally(() => clearInterval(watch));
  rig.figure('all final after ms', performance.now() - startedAt);
  rig.figure('memory added MiB', (most - before) / 1_048_576);
  const { workers } = await stand.agent.status();
  rig.figure('workers', workers.length);
  const delayMs = 1_000 * (await stand.agent.metric('nodejs_eventloop_lag_p99_seconds'));
  rig.figure('event loop p99 ms', delayMs);
  await assertOneFinalEach(stand);
  const ends = stand
    .operations()
    .map(({ status, failureReason = '' }) => `${status} ${failureReason.split(':')[0] ?? ''}`.trim());
  const count = (end: string): number => ends.filter((each) => each === end).length;
  assert.ok(count('SUCCESSFUL') >= 64, `${count('SUCCESSFUL')} got through`);
  assert.equal(count('SUCCESSFUL') + count('FAILED limit-reached'), ends.length);
  assert.ok(most - before < GROWTH_BYTES, `${most - before} bytes were added`);
}

/** C17: more to a dead target than may be dialled at a time, and others behind them. */
export async function deadTarget(rig: Rig): Promise<void> {
  const stand = await rig.start({ sections: { limits: { connectTimeout: '5s' } } });
  const port = await closedPort();
  rig.network.silence(port);
  await stand.expectEcho(await rig.target());
  const dead = Array.from({ length: 200 }, () => stand.operate({ port }));
  const alive = await stand.outcome(await rig.target());
  assert.equal(alive.operation.status, 'SUCCESSFUL');
  rig.figure('another target ms', alive.ms);
  // The statuses of the 200 go first; the dead ones hold it up no further.
  assertWithin(alive.ms, 3_000);
  const codes = new Map<string, number>();
  for (const id of dead) {
    const code = ((await stand.final(id)).failureReason ?? '').split(':')[0] ?? '';
    codes.set(code, (codes.get(code) ?? 0) + 1);
  }
  assert.deepEqual([...codes].sort(), [
    ['limit-reached', 136],
    ['target-timeout', 64],
  ]);
  await assertOneFinalEach(stand);
}
