import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rates } from '../../../src/cli/watch/rates.js';

const at = (id: string, uplinkBytes: number, downlinkBytes = 0) => ({ id, uplinkBytes, downlinkBytes });

test('a rate is that of the last three seconds', () => {
  const rates = new Rates();
  rates.read([at('a', 0)], 0);
  assert.deepEqual(rates.of('a'), { uplink: 0, downlink: 0 }, 'one reading tells none');
  for (const second of [1, 2, 3, 4, 5]) rates.read([at('a', second * 100, second * 10)], second * 1_000);
  assert.deepEqual(rates.of('a'), { uplink: 100, downlink: 10 });
  for (const second of [6, 7, 8]) rates.read([at('a', 500, 50)], second * 1_000);
  assert.deepEqual(rates.of('a'), { uplink: 0, downlink: 0 });
});

test('readings far apart still tell a rate', () => {
  const rates = new Rates();
  rates.read([at('a', 0)], 0);
  rates.read([at('a', 10_000)], 10_000);
  assert.equal(rates.of('a').uplink, 1_000);
});

test('a counter that went back is another session, one that is gone has no rate', () => {
  const rates = new Rates();
  rates.read([at('a', 1_000), at('b', 0)], 0);
  rates.read([at('a', 10), at('b', 70)], 1_000);
  assert.deepEqual(rates.of('a'), { uplink: 0, downlink: 0 });
  assert.deepEqual(rates.total(), { uplink: 70, downlink: 0 });
  rates.read([], 2_000);
  assert.deepEqual(
    [rates.of('b'), rates.total()],
    [
      { uplink: 0, downlink: 0 },
      { uplink: 0, downlink: 0 },
    ],
  );
});
