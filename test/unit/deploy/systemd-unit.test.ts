import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { unlessMissing } from '../../helpers/programs.js';

const UNIT = fileURLToPath(new URL('../../../../deploy/systemd/gatehouse.service', import.meta.url));

/** What NATS reaches with its hardened unit is 1.7; MemoryDenyWriteExecute and PrivateNetwork are not possible here. */
const MAX_EXPOSURE = 1.3;

const options = unlessMissing('systemd-analyze');

test(`systemd rates the sandbox of the unit at ${MAX_EXPOSURE} or better`, options, () => {
  const { stdout, stderr } = spawnSync(
    'systemd-analyze',
    ['security', '--offline=true', '--no-pager', UNIT],
    {
      encoding: 'utf8',
      env: { ...process.env, SYSTEMD_COLORS: '0', LC_ALL: 'C.UTF-8' },
    },
  );
  const exposure = /Overall exposure level for gatehouse\.service: ([\d.]+)/.exec(stdout)?.[1];
  assert.ok(exposure !== undefined, `systemd-analyze gave no rating: ${stdout}${stderr}`);
  assert.ok(Number(exposure) <= MAX_EXPOSURE, `exposure is ${exposure}`);
});

test('systemd knows every setting of the unit', options, () => {
  const { stderr } = spawnSync('systemd-analyze', ['verify', UNIT], { encoding: 'utf8' });
  const complaints = stderr
    .split('\n')
    .filter((line) => /Unknown|Failed to parse|Invalid|Missing '='/.test(line));
  assert.deepEqual(complaints, []);
});

test('a reload is the signal that starts a new generation, and a stop leaves the agent its ten seconds', () => {
  const unit = readFileSync(UNIT, 'utf8');
  assert.match(
    unit,
    /^ExecReload=\/usr\/bin\/gatehouse check --print --config \S+\nExecReload=\/bin\/kill -HUP \$MAINPID$/m,
  );
  const stopSeconds = Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1]);
  assert.ok(stopSeconds > 10);
});

test('systemd is told when the agent is ready, and restarts one that gives no sign of life', () => {
  const unit = readFileSync(UNIT, 'utf8');
  for (const setting of ['Type=notify', 'NotifyAccess=all', 'WatchdogSec=30'])
    assert.match(unit, new RegExp(`^${setting}$`, 'm'));
});
