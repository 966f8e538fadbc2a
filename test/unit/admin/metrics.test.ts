import assert from 'node:assert/strict';
import { test } from 'node:test';
import { register } from 'prom-client';
import { FAILURE_CODES } from '../../../contract/failure.js';
import { END_REASONS } from '../../../contract/session-state.js';
import { MetricsPage } from '../../../src/admin/metrics-page.js';
import { Metrics } from '../../../src/admin/metrics.js';

/** Values of the samples of one metric, by their text up to the value. */
async function samples(metrics: Metrics, name: string): Promise<Record<string, number>> {
  const lines = (await metrics.render()).split('\n').filter((line) => line.startsWith(name));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

function above0(all: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value > 0));
}

function fresh(): Metrics {
  return new Metrics({
    activeSessions: () => 7,
    outboxSize: () => 2,
    resources: () => ({ memory: { used: 1, limit: 4 } }),
  });
}

test('counts what it is told under the names of the contract', async () => {
  const metrics = fresh();
  metrics.sessionOpened(120);
  metrics.sessionEnded('target-fin', 90_000);
  metrics.sessionFailed('policy-denied');
  metrics.operation('mqtt', 'SUCCESSFUL');
  metrics.bytes('uplink', 1_000);
  metrics.bytes('uplink', 24);
  metrics.cloudConnected(true);
  assert.deepEqual(above0(await samples(metrics, 'gatehouse_sessions_total')), {
    'gatehouse_sessions_total{outcome="target-fin"}': 1,
    'gatehouse_sessions_total{outcome="policy-denied"}': 1,
  });
  assert.deepEqual(await samples(metrics, 'gatehouse_operations_total'), {
    'gatehouse_operations_total{intake="mqtt",status="SUCCESSFUL"}': 1,
  });
  assert.deepEqual(await samples(metrics, 'gatehouse_bytes_total'), {
    'gatehouse_bytes_total{direction="uplink"}': 1_024,
    'gatehouse_bytes_total{direction="downlink"}': 0,
  });
  assert.deepEqual(await samples(metrics, 'gatehouse_session_setup_seconds_sum'), {
    gatehouse_session_setup_seconds_sum: 0.12,
  });
  assert.deepEqual(await samples(metrics, 'gatehouse_session_duration_seconds_sum'), {
    gatehouse_session_duration_seconds_sum: 90,
  });
  assert.deepEqual(await samples(metrics, 'gatehouse_cloud_connected'), { gatehouse_cloud_connected: 1 });
});

test('every counter begins at 0, so that its first events count in a rate', async () => {
  const metrics = fresh();
  metrics.expectOperations('rest');
  const sessions = await samples(metrics, 'gatehouse_sessions_total');
  const outcomes = new Set([...END_REASONS, ...FAILURE_CODES]);
  assert.deepEqual(
    sessions,
    Object.fromEntries([...outcomes].map((outcome) => [`gatehouse_sessions_total{outcome="${outcome}"}`, 0])),
  );
  assert.deepEqual(await samples(metrics, 'gatehouse_operations_total'), {
    'gatehouse_operations_total{intake="rest",status="EXECUTING"}': 0,
    'gatehouse_operations_total{intake="rest",status="SUCCESSFUL"}': 0,
    'gatehouse_operations_total{intake="rest",status="FAILED"}': 0,
  });
  assert.equal(Object.keys(await samples(metrics, 'gatehouse_token_fetches_total')).length, 6);
});

test('reads the gauges when it is asked', async () => {
  assert.deepEqual(await samples(fresh(), 'gatehouse_sessions_active'), { gatehouse_sessions_active: 7 });
  assert.deepEqual(await samples(fresh(), 'gatehouse_status_outbox_size'), {
    gatehouse_status_outbox_size: 2,
  });
});

test('the series of a worker end with it', async () => {
  const metrics = fresh();
  metrics.workerLoopDelay(1, 5);
  metrics.workerLoopDelay(2, 10);
  metrics.workerRestarted(1);
  assert.deepEqual(await samples(metrics, 'gatehouse_worker_event_loop_delay_seconds'), {
    'gatehouse_worker_event_loop_delay_seconds{worker="2"}': 0.01,
  });
  assert.deepEqual(await samples(metrics, 'gatehouse_worker_restarts_total'), {
    gatehouse_worker_restarts_total: 1,
  });
});

test('two agents in one process do not share metrics, and the global registry stays empty', async () => {
  const one = fresh();
  const two = fresh();
  one.bytes('downlink', 5);
  assert.equal(
    (await samples(two, 'gatehouse_bytes_total'))['gatehouse_bytes_total{direction="downlink"}'],
    0,
  );
  assert.deepEqual(await register.getMetricsAsJSON(), []);
});

test('a scrape storm makes the text once a second', async () => {
  let nowMs = 5_000;
  let made = 0;
  const source = { contentType: 'text/plain', render: () => Promise.resolve(`made ${(made += 1)}`) };
  const page = new MetricsPage(source, () => nowMs);
  const storm = await Promise.all(Array.from({ length: 100 }, () => page.read()));
  assert.deepEqual(new Set(storm), new Set(['made 1']));
  nowMs += 999;
  assert.equal(await page.read(), 'made 1');
  nowMs += 1;
  assert.equal(await page.read(), 'made 2');
});

test('a failed text is not kept', async () => {
  let attempts = 0;
  const render = (): Promise<string> =>
    (attempts += 1) === 1 ? Promise.reject(new Error('no')) : Promise.resolve('yes');
  const page = new MetricsPage({ contentType: 'text/plain', render }, () => 0);
  await assert.rejects(page.read());
  assert.equal(await page.read(), 'yes');
});
