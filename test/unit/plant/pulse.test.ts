import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Pulse, PULSE_MS } from '../../../src/plant/pulse.js';
import { eventually } from '../../helpers/eventually.js';

/** A broker that answers pings when the test likes. */
class Pings {
  readonly answers: (() => void)[] = [];
  silences = 0;

  constructor(t: TestContext, now: () => number = () => performance.now()) {
    const pulse = new Pulse({
      ping: () => new Promise((resolve) => this.answers.push(resolve)),
      onSilent: () => (this.silences += 1),
      now,
    });
    t.after(() => pulse.stop());
  }

  async answer(index: number): Promise<void> {
    (await eventually(() => this.answers[index], `ping ${index}`))();
  }
}

test('a broker that answers is pinged again and again; one ping without an answer is enough', async (t) => {
  const pings = new Pings(t);
  await pings.answer(0);
  await pings.answer(1);
  await eventually(() => pings.answers[2], 'the third ping');
  assert.equal(pings.silences, 0);
  await eventually(() => pings.silences > 0 || undefined, 'the silence');
  // It is told of once, and nothing is pinged behind it.
  await new Promise((resolve) => setTimeout(resolve, 2 * PULSE_MS));
  assert.deepEqual([pings.silences, pings.answers.length], [1, 3]);
});

test('the broker gets more time when this process itself stood still', async (t) => {
  let ms = 0;
  const pings = new Pings(t, () => ms);
  await eventually(() => pings.answers[0], 'the first ping');
  ms = 5_000;
  await new Promise((resolve) => setTimeout(resolve, PULSE_MS + 100));
  assert.equal(pings.silences, 0);
  await eventually(() => pings.silences > 0 || undefined, 'the silence');
});
