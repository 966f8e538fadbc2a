import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Metrics } from '../../../src/admin/metrics.js';
import { wholeMetrics, type Elders } from '../../../src/generations/elders.js';

function metricsOf(outbox: number): Metrics {
  return new Metrics({ activeSessions: () => 0, outboxSize: () => outbox, resources: () => ({}) });
}

test('what an elder counted stays in the sum when it ends, what it had at the moment does not', async () => {
  const elder = metricsOf(3);
  elder.bytes('uplink', 100);
  const own = metricsOf(2);
  own.bytes('uplink', 10);
  let alive: readonly number[] = [1];
  const elders: Elders = {
    get alive() {
      return alive;
    },
    ask: () => elder.snapshot(),
    drain: () => undefined,
  };
  const whole = wholeMetrics(own, elders);
  const valueOf = async (name: string): Promise<number> => {
    const text = await whole.render();
    const line = text.split('\n').find((one) => one.startsWith(name));
    return Number(line?.split(' ').at(-1));
  };
  assert.equal(await valueOf('gatehouse_bytes_total{direction="uplink"}'), 110);
  assert.equal(await valueOf('gatehouse_status_outbox_size'), 5);
  alive = [];
  assert.equal(await valueOf('gatehouse_bytes_total{direction="uplink"}'), 110);
  assert.equal(await valueOf('gatehouse_status_outbox_size'), 2);
});
