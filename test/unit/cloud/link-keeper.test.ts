import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Backoff } from '../../../src/cloud/backoff.js';
import type { CloudLink } from '../../../src/cloud/intake.js';
import { LinkError } from '../../../src/cloud/link-error.js';
import { LinkKeeper, type LinkKeeperOptions } from '../../../src/cloud/link-keeper.js';
import { pause } from '../../../src/cloud/pause.js';
import { FAST, memoryLog, until } from './fixtures.js';

function keeperOf(t: TestContext, attempt: LinkKeeperOptions['attempt'], timing = FAST.backoff) {
  const links: CloudLink[] = [];
  const log = memoryLog();
  const backoff = new Backoff(timing, () => performance.now());
  const keeper = new LinkKeeper({ attempt, onLink: (link) => links.push(link), backoff, log });
  t.after(() => keeper.stop());
  return { keeper, links, log };
}

test('a reason that comes back is told once per outage, a new one again', async (t) => {
  const reasons = ['refused', 'refused', 'timeout', 'refused', 'timeout', 'up', 'refused'];
  const { keeper, links, log } = keeperOf(t, async (signal, onUp) => {
    const reason = reasons.shift();
    if (reason === undefined) return pause(1e6, signal);
    if (reason === 'up') onUp();
    throw new LinkError(reason === 'up' ? 'cut' : reason);
  });
  keeper.start();
  await until(() => reasons.length === 0, 'every reason');
  await keeper.stop();
  const told = links.map((link) => (link.state === 'connected' ? 'up' : link.reason));
  assert.deepEqual(told, ['refused', 'timeout', 'up', 'cut', 'refused', 'the agent stops']);
  assert.equal(log.warnings().length, 4);
});

test('ever new reasons do not flood the log', async (t) => {
  let tries = 0;
  const { keeper, log } = keeperOf(t, () => {
    tries += 1;
    throw new LinkError(`reason ${tries}`);
  });
  keeper.start();
  await until(() => tries >= 12, 'twelve tries');
  assert.equal(log.warnings().length, 8);
});

test('an attempt that ends without a reason is repeated, but not in a hot loop', async (t) => {
  let tries = 0;
  const slow = { ...FAST.backoff, baseMs: 1e6, capMs: 1e6 };
  const { keeper } = keeperOf(
    t,
    () => {
      tries += 1;
      return Promise.resolve();
    },
    slow,
  );
  keeper.start();
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(tries, 1);
});

test('stop ends an attempt and a wait, and starting twice makes one attempt', async (t) => {
  let running = 0;
  const { keeper } = keeperOf(t, async (signal) => {
    running += 1;
    await pause(1e6, signal);
  });
  keeper.start();
  keeper.start();
  assert.equal(running, 1);
  await keeper.stop();
  const waiting = keeperOf(t, () =>
    Promise.reject(new LinkError('no', { pace: { kind: 'after', ms: 1e6 } })),
  );
  waiting.keeper.start();
  await until(() => waiting.links.length === 1, 'the refusal');
  await waiting.keeper.stop();
});

test('what an attempt leaves running is told to end with it', async (t) => {
  const signals: AbortSignal[] = [];
  const { keeper } = keeperOf(t, (signal) => {
    signals.push(signal);
    throw new LinkError('gone');
  });
  keeper.start();
  await until(() => signals.length >= 2, 'two attempts');
  assert.equal(signals[0]?.aborted, true);
});
