import assert from 'node:assert/strict';
import { test } from 'node:test';
import { watch } from '../../../src/service/watchdog.js';
import { ServiceManager } from '../../../src/service/service-manager.js';

/** Runs the watchdog for as many looks as there are findings, and gives what the manager heard. */
async function told(findings: readonly unknown[]): Promise<string[]> {
  const heard: string[] = [];
  const left = [...findings];
  await new Promise<void>((resolve) => {
    const { stop } = watch(
      {
        examine: () => {
          if (left.length > 0) return Promise.resolve(left.shift());
          stop();
          resolve();
          return Promise.resolve(undefined);
        },
      },
      { watchdogMs: 1, alive: (status) => heard.push(status) },
    );
    // The timers of the watchdog keep nothing alive.
    setTimeout(() => undefined, 1_000).ref();
  });
  return heard;
}

test('a generation that does not answer gives no sign of life', async () => {
  const answer = { cloud: { state: 'connected' }, totals: { sessionsActive: 2 } };
  assert.deepEqual(await told([undefined, answer, undefined, undefined]), [
    'connected to the cloud, 2 sessions',
  ]);
});

test('the status line names why the cloud is not reached, in one line', async () => {
  const cloud = { state: 'disconnected', reason: 'refused\nWATCHDOG=1' };
  const [line] = await told([{ cloud, totals: { sessionsActive: 1 } }]);
  assert.equal(line, 'not connected to the cloud (refused WATCHDOG=1), 1 session');
});

test('a change is told at once, also one that comes while it looks', async () => {
  const heard: string[] = [];
  const answers: ((status: unknown) => void)[] = [];
  const patient = { examine: () => new Promise<unknown>((resolve) => answers.push(resolve)) };
  const { look, stop } = watch(patient, { watchdogMs: 3_600_000, alive: (status) => heard.push(status) });
  const answer = async (state: string): Promise<void> => {
    answers.shift()?.({ cloud: { state, reason: 'not yet' } });
    await new Promise(setImmediate);
  };
  look();
  look();
  await answer('connecting');
  await answer('connected');
  look();
  await answer('disconnected');
  assert.deepEqual(heard, [
    'not connected to the cloud (not yet), 0 sessions',
    'connected to the cloud, 0 sessions',
    'not connected to the cloud (not yet), 0 sessions',
  ]);
  assert.deepEqual(answers, []);
  stop();
});

test('while a generation is being replaced the service lives', async () => {
  assert.deepEqual(await told(['nobody']), ['a generation is being replaced']);
});

test('signs of life are due three times as often as the unit asks, and only from the process it means', () => {
  const env = (more: Record<string, string>) => ({ NOTIFY_SOCKET: '/none', ...more });
  const find = (more: Record<string, string>) => ServiceManager.find(env(more), () => undefined)?.watchdogMs;
  assert.equal(find({ WATCHDOG_USEC: '30000000' }), 10_000);
  assert.equal(find({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: String(process.pid) }), 10_000);
  assert.equal(find({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '1' }), undefined);
  assert.equal(find({ WATCHDOG_USEC: 'soon' }), undefined);
  assert.equal(
    ServiceManager.find({}, () => undefined),
    undefined,
  );
});
