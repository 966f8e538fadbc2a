import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SessionTask, Tunnel } from '../../../contract/messages.js';
import { Secret } from '../../../contract/secret.js';
import { ApprovalTable } from '../../../src/approval/approval-table.js';
import type { StatusUpdate } from '../../../src/cloud/intake.js';
import type { Conduit, Config } from '../../../src/config/config.js';
import { ConduitTable } from '../../../src/policy/conduit-table.js';
import type { Policy } from '../../../src/supervisor/admission.js';
import { Supervisor } from '../../../src/supervisor/supervisor.js';
import { eventually } from '../../helpers/eventually.js';
import { conduit, GATEWAY } from '../../helpers/policy-question.js';

const LIMITS = { sessions: 10, sessionsPerTarget: 1, connectTimeoutMs: 1_000, sessionDurationMs: 0 };
const NET = conduit(10, 'plc.example', { approval: true });
const TUNNEL: Tunnel = {
  url: 'ws://127.0.0.1/x',
  authorization: 'Basic x',
  endpoint: { host: '127.0.0.1', port: 80, addresses: ['127.0.0.1'] },
};
const nothing = (): void => undefined;

function policy(...conduits: Conduit[]): Policy {
  return {
    conduits: new ConduitTable(conduits),
    gateway: GATEWAY,
    limits: LIMITS as Config['limits'],
    webSocketPingMs: 0,
    operationAgeMs: 60_000,
  };
}

/** A supervisor whose world changes while somebody waits. */
function scene() {
  const world = {
    addresses: ['10.0.5.7'],
    switchedOff: undefined as string | undefined,
    nowMs: 0,
    tasks: [] as SessionTask[],
    statuses: [] as StatusUpdate[],
    claims: Promise.resolve(),
  };
  const approvals = new ApprovalTable({ timeoutMs: 60_000 });
  const supervisor = new Supervisor({
    log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
    pool: {
      run: (task) => {
        world.tasks.push(task);
        return new Promise(nothing);
      },
      send: nothing,
    },
    status: { report: (update) => world.statuses.push(update), size: 0, flush: () => Promise.resolve() },
    journal: { claim: () => world.claims },
    metrics: {
      received: nothing,
      operation: nothing,
      sessionOpened: nothing,
      sessionEnded: nothing,
      sessionFailed: nothing,
      bytes: nothing,
    },
    admission: {
      policy: policy(NET),
      deviceOf: () => ({ kind: 'gateway' }),
      resolve: () => Promise.resolve({ addresses: world.addresses }),
      tunnel: () => Promise.resolve(TUNNEL),
      switchedOff: () => world.switchedOff,
      cloudNow: () => world.nowMs,
    },
    approvals,
    redact: { add: nothing, remove: nothing },
    now: () => world.nowMs,
  });
  let count = 0;
  /** Takes on one operation; gives the request that waits. */
  const ask = async () => {
    count += 1;
    const operation = {
      id: String(count),
      deviceId: '1',
      hostname: 'plc.example',
      port: 22,
      connectionKey: new Secret(`key-number-${count}`),
      createdAtMs: 0,
    };
    supervisor.onOperation({ kind: 'connect', operation });
    return eventually(() => approvals.list()[0], 'a request');
  };
  const approve = (id: string): void => {
    const outcome = approvals.answer(id, { verdict: 'approve', by: 'Ann', way: 'file' });
    assert.deepEqual(outcome, { kind: 'taken' });
  };
  const failure = () => eventually(() => world.statuses.find(({ status }) => status === 'FAILED'), 'FAILED');
  return { world, approvals, supervisor, ask, approve, failure };
}

test('the address that is dialled is the one that the name has when somebody approves', async () => {
  const { world, supervisor, ask, approve } = scene();
  const { id } = await ask();
  world.addresses = ['10.0.5.8'];
  // Minutes have gone by, and more than intake.operationAge.
  world.nowMs = 240_000;
  approve(id);
  await eventually(() => world.tasks[0], 'the session');
  assert.deepEqual(world.tasks[0]?.target.addresses, ['10.0.5.8']);
  const { counts } = supervisor.registry;
  assert.deepEqual([counts.ofTarget('10.0.5.7', 22), counts.ofTarget('10.0.5.8', 22)], [0, 1]);
  assert.deepEqual(
    world.statuses.map(({ status }) => status),
    ['EXECUTING'],
  );
});

for (const [what, change, reason] of [
  [
    'an address that is never reached',
    ({ world }) => (world.addresses = ['169.254.169.254']),
    /^policy-denied: plc\.example:22 is not allowed: it is 169\.254\.169\.254, /,
  ],
  [
    'the switch off',
    ({ world }) => (world.switchedOff = 'The hard switch is off: it says so.'),
    /^switched-off: The hard switch is off/,
  ],
  [
    'a conduit in its place that was not what was approved',
    ({ supervisor }) => supervisor.reload(policy(conduit(20, 'plc.example'))),
    /^policy-denied: While the request waited for approval, conduit c20 took the place of c10/,
  ],
  [
    'no conduit any more',
    ({ supervisor }) => supervisor.reload(policy()),
    /^policy-denied: Ended before anything was dialled: the configuration no longer allows it\.$/,
  ],
] as const satisfies [string, (now: ReturnType<typeof scene>) => unknown, RegExp][]) {
  test(`an approved request that meets ${what} fails, and nothing is dialled`, async () => {
    const now = scene();
    const { id } = await now.ask();
    change(now);
    if (now.approvals.has(id)) now.approve(id);
    assert.match((await now.failure()).failureReason ?? '', reason);
    assert.deepEqual(now.world.tasks, []);
    assert.equal(now.supervisor.registry.sessions, 0);
  });
}

test('a drain that comes while a request is written down asks nobody any more', async () => {
  const { world, supervisor, approvals, failure } = scene();
  let write: () => void = nothing;
  world.claims = new Promise((resolve) => (write = resolve));
  supervisor.onOperation({
    kind: 'connect',
    operation: {
      id: '1',
      deviceId: '1',
      hostname: 'plc.example',
      port: 22,
      connectionKey: new Secret('key-number-1'),
      createdAtMs: 0,
    },
  });
  await eventually(() => supervisor.registry.sessions === 1 || undefined, 'its place');
  supervisor.stopAsking('shutdown', 'the gateway takes on no new sessions');
  write();
  assert.match((await failure()).failureReason ?? '', /^cancelled: Ended before anything was dialled/);
  assert.deepEqual(approvals.list(), []);
});
