import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayChronicle } from '../../../src/gateway/chronicle.js';
import type { SessionRecord } from '../../../src/supervisor/session-registry.js';
import { Term } from '../../../src/supervisor/term.js';

/** Ten minutes, by which the clock of the cloud is ahead here. */
const AHEAD_MS = 600_000;

function sessionOf(ageMs: number): SessionRecord {
  return {
    id: '3fa94c01d2',
    operationId: '4711',
    deviceId: '9',
    conduit: 'hmis',
    host: '10.0.5.7',
    port: 5_900,
    addresses: ['10.0.5.7'],
    startedAtMs: performance.now() - ageMs,
    sinceMs: Date.now() - ageMs + AHEAD_MS,
    isExclusive: false,
    term: new Term({ window: undefined, durationMs: 0 }),
    asksOnSite: false,
    source: { file: 'gatehouse.yaml', line: 1 },
    approval: undefined,
    state: 'open',
    worker: 1,
    isDialled: true,
    openedAtMs: undefined,
    failure: undefined,
    endAtStart: undefined,
    uplinkBytes: 1,
    downlinkBytes: 2,
  };
}

test('a session whose operation was forgotten lasted as long as it did, whatever the clock of the cloud says', () => {
  const chronicle = new GatewayChronicle({ generation: 1, others: undefined });
  const beforeMs = Date.now();
  chronicle.ended(sessionOf(18_000), 'cloud-close', undefined);
  const [entry] = chronicle.operations();
  const lateMs = Date.now() - beforeMs;
  const lastedMs = Date.parse(entry?.endedAt ?? '') - Date.parse(entry?.startedAt ?? '');
  assert.ok(Math.abs(lastedMs - 18_000) <= lateMs + 5, `${lastedMs} ms`);
});

test('what was dialled has failed, what was not is refused', () => {
  const chronicle = new GatewayChronicle({ generation: 1, others: undefined });
  chronicle.failed(sessionOf(0), 'target-timeout', 'no answer');
  assert.equal(chronicle.operations()[0]?.outcome, 'failed');
  chronicle.failed({ ...sessionOf(0), isDialled: false }, 'cancelled', 'Ended before anything was dialled.');
  assert.equal(chronicle.operations()[0]?.outcome, 'refused');
});
