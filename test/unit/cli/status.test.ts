import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReloadView } from '../../../src/admin/backend.js';
import { statusLines } from '../../../src/cli/status-lines.js';
import { STATUS } from '../admin/admin-helpers.js';

test('shows the agent at a glance within 80 columns', () => {
  const lines = statusLines(STATUS);
  assert.deepEqual(lines, [
    'Agent       0.1.0, pid 77, up 1d 2h',
    'Device      gw-7',
    'Cloud       connected to https://plant.example.com',
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
  assert.match(
    lines.join('\n'),
    /draining: no new sessions\nDevice {6}gw-7\nCloud {7}disconnected: no answer\?\[2J\n/,
  );
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

test('shows switch, approvals and generations where there are any', () => {
  const [generation] = STATUS.generations;
  const lines = statusLines(
    {
      ...STATUS,
      switch: { state: 'off', reason: 'The hard switch is off: the file says off' },
      generations:
        generation === undefined ? [] : [generation, { ...generation, generation: 2, answers: false }],
    },
    { waiting: 2 },
  );
  const text = lines.join('\n');
  assert.match(
    text,
    /\nSwitch {6}off: the file says off\nApprovals {3}2 waiting for .*: gatehouse approvals\n/,
  );
  assert.match(text, /\nGenerations 1 \(pid 77, .*\), 2 \(does not answer\)\n/);
});

test('fits one screen of 80 by 24 with the longest texts and the most workers', () => {
  const [worker] = STATUS.workers;
  assert.ok(worker !== undefined);
  const workers = Array.from({ length: 64 }, (_, index) => ({
    ...worker,
    worker: index + 1,
    sessions: index,
  }));
  const reason = 'the certificate of acme.example.com is vouched for by nobody whom this machine trusts';
  const lines = statusLines(
    {
      ...STATUS,
      workers,
      cloud: { ...STATUS.cloud, state: 'disconnected', reason },
      switch: { state: 'off', reason },
    },
    { waiting: 3, columns: 80, rows: 22 },
  );
  assert.equal(lines.length, 22);
  for (const line of lines) assert.ok(line.length <= 80, line);
  assert.match(
    lines.join('\n'),
    /\n {4}64 {8}63 .*\n {4}63 {8}62 [^]*\nand \d+ more: gatehouse status --json$/,
  );
  assert.equal(statusLines({ ...STATUS, workers }).length, 9 + 2 + 64, 'elsewhere all of them');
});

test('paints what needs somebody', () => {
  const painted = (view: typeof STATUS): string =>
    statusLines(view, { paint: (colour, text) => `<${colour}>${text}` }).join('\n');
  assert.match(painted(STATUS), /Cloud {7}<green>connected to \S+\n/);
  const bad = painted({
    ...STATUS,
    draining: true,
    cloud: { ...STATUS.cloud, state: 'disconnected' },
    resources: [{ resource: 'memory', used: 96, limit: 100 }],
  });
  assert.match(
    bad,
    /Agent {7}<yellow>.*\nDevice.*\nCloud {7}<red>disconnected[^]*Resources {3}<red>memory 96 %\n/,
  );
});

test('shows what the last reload changed, or why it was refused', () => {
  const at = '2030-01-02T03:04:05.678Z';
  const changes = [1, 2, 3, 4].map((one) => ({ key: `limits.k${one}`, from: '(none)', to: String(one) }));
  const shown = (reload: ReloadView): string => statusLines({ ...STATUS, reload }).join('\n');
  assert.match(
    shown({ at, outcome: 'applied', changes, changed: 60, sessionsEnded: 2, problems: [] }),
    /^Reload {6}2030-01-02T03:04:05Z: limits\.k1: \(none\) -> 1; .*limits\.k3: \(none\) -> 3; and 57 more \(--json\); ended 2 sessions that no longer complied$/m,
  );
  assert.match(
    shown({
      at,
      outcome: 'refused',
      changes: [],
      changed: 0,
      sessionsEnded: 0,
      problems: ['a: one', 'b: two\u001b'],
    }),
    /^Reload {6}refused .*Z, the old configuration holds: a: one; b: two\?$/m,
  );
});
