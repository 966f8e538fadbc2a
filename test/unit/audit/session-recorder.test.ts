import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatehouseError } from '../../../contract/failure.js';
import { Secret } from '../../../contract/secret.js';
import type { EndFact, StatedFact } from '../../../src/audit/fact.js';
import { sessionEvent } from '../../../src/audit/session-event.js';
import { SessionRecorder } from '../../../src/audit/session-recorder.js';
import { ApprovalDenied } from '../../../src/supervisor/approval-gate.js';
import type { SessionRecord } from '../../../src/supervisor/session-registry.js';
import { Term } from '../../../src/supervisor/term.js';
import { conduit } from '../../helpers/policy-question.js';

const CONDUIT = conduit(10, 'plc.example');
const PLACE = { name: CONDUIT.name, ...CONDUIT.source };
const NOW_MS = Date.parse('2026-11-22T10:01:00Z');

const RECORD: SessionRecord = {
  id: 'a1',
  operationId: '7',
  deviceId: '4',
  conduit: CONDUIT.name,
  source: CONDUIT.source,
  host: 'plc.example',
  port: 22,
  addresses: ['10.0.5.7'],
  startedAtMs: 0,
  sinceMs: NOW_MS - 61_000,
  isExclusive: false,
  term: new Term({ window: undefined, durationMs: 0 }),
  isDialled: true,
  asksOnSite: true,
  approval: { kind: 'approved', by: 'Ann', way: 'file', waitedMs: 4 },
  state: 'closed',
  worker: 1,
  openedAtMs: NOW_MS - 60_000,
  failure: undefined,
  endAtStart: undefined,
  uplinkBytes: 1,
  downlinkBytes: 2,
};

const OPERATION = {
  id: '7',
  deviceId: '4',
  hostname: 'plc.example',
  port: 22,
  connectionKey: new Secret('key-number-1'),
  createdAtMs: NOW_MS - 62_000,
  askedBy: { description: 'to plc', by: 'jane' },
};

/** A recorder with what it states, and the ends that it tells. */
function recorder() {
  const stated: StatedFact[] = [];
  const ends: EndFact[] = [];
  const sessions = new SessionRecorder({
    log: {
      record: (fact) => {
        stated.push(fact);
        return Promise.resolve({ chain: 'c', seq: stated.length, hash: '0' });
      },
    },
    generation: 1,
    onEnd: (fact) => ends.push(fact),
    now: () => NOW_MS,
  });
  return { sessions, stated, ends };
}

test('the end of a session and its event have its conduit, who approved and who asked', async () => {
  const { sessions, stated, ends } = recorder();
  await sessions.allowed(RECORD, OPERATION, CONDUIT);
  sessions.ended(RECORD, { outcome: 'ended', reason: 'target-fin', detail: 'x', durationMs: 5 });
  await sessions.settled();
  const [decision, end] = stated;
  assert.ok(decision?.type === 'decision' && end?.type === 'end');
  assert.deepEqual([end.conduit, decision.conduit], [PLACE, PLACE]);
  assert.deepEqual(end.approved, { by: 'Ann', way: 'file' });
  assert.deepEqual(end.asked, { at: '2026-11-22T09:59:58.000Z', description: 'to plc', by: 'jane' });
  assert.deepEqual(end.asked, decision.asked);
  assert.deepEqual(ends, [end]);
  const event = sessionEvent(end, undefined);
  const { conduit: through, approved, asked } = event?.facts ?? {};
  assert.deepEqual([through, approved, asked], [end.conduit, end.approved, end.asked]);
  assert.match(event?.text ?? '', new RegExp(`conduit ${CONDUIT.name}\\) ended after 0 s`));
  assert.equal(event?.doubtfulSince, undefined);
});

test('who denied a request is on its record', async () => {
  const { sessions, stated } = recorder();
  const answerer = { by: 'Ann', way: 'MQTT' };
  const denied = new ApprovalDenied(answerer, 'It was denied on site by Ann (MQTT).');
  sessions.notApproved(RECORD, denied, answerer);
  sessions.notApproved(RECORD, new GatehouseError('approval-timeout', 'Nobody approved.'), undefined);
  await sessions.settled();
  assert.deepEqual(
    stated.map((fact) => (fact.type === 'approval' ? [fact.outcome, fact.by, fact.way] : fact.type)),
    [
      ['denied', 'Ann', 'MQTT'],
      ['timeout', undefined, undefined],
    ],
  );
});
