import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statusLines } from '../../../src/cli/status.js';
import { STATUS } from '../admin/admin-helpers.js';

test('shows the agent at a glance within 80 columns', () => {
  const lines = statusLines(STATUS);
  assert.deepEqual(lines, [
    'Agent       0.1.0, pid 77, up 1d 2h',
    'Cloud       connected',
    'Sessions    1 now, 3 opened, 2 failed',
    'Operations  5 received, 0 with a status the cloud does not have yet',
    'Bytes       1.2 MiB up (target to cloud), 89 B down',
    'Resources   memory 10 %, descriptors 0 %',
    'Main loop   delay p50 0.2 ms, p99 2.0 ms, max 11.0 ms',
    'Workers     1 running, 0 restarted',
    '',
    'WORKER  SESSIONS       UP  DOWN  HELD  LOOP DELAY P50     P99     MAX',
    '     1         1  1.2 MiB  89 B   0 B          0.4 ms  1.3 ms  7.0 ms',
  ]);
  for (const line of lines) assert.ok(line.length <= 80, line);
});

test('says why the cloud is away and that it drains', () => {
  const lines = statusLines({
    ...STATUS,
    draining: true,
    cloud: { ...STATUS.cloud, state: 'disconnected', reason: 'no answer\u001b[2J' },
    workers: STATUS.workers.map((worker) => ({ ...worker, eventLoopDelay: null })),
  });
  assert.match(lines.join('\n'), /draining: no new sessions\nCloud {7}disconnected: no answer\?\[2J\n/);
  assert.match(lines.at(-1) ?? '', / - {7}- {7}-$|-$/);
});

test('shows the process of each worker where workers are processes', () => {
  const lines = statusLines({
    ...STATUS,
    workers: STATUS.workers.map((worker) => ({ ...worker, pid: 4_711 })),
  });
  assert.match(lines.join('\n'), /^WORKER {3}PID {2}SESSIONS.*\n {5}1 {2}4711 /m);
  for (const line of lines) assert.ok(line.length <= 80, line);
});
