import assert from 'node:assert/strict';
import { test } from 'node:test';
import { weeklyTimes } from '../../../src/config/weekly-time.js';
import type { Conduit } from '../../../src/config/config.js';
import { decide } from '../../../src/policy/decide.js';
import { explain } from '../../../src/policy/explain.js';
import { NO_SESSIONS, type Decision, type Holder, type SessionCounts } from '../../../src/policy/question.js';
import { conduit, question } from '../../helpers/policy-question.js';

const MONDAY_NOON = Date.parse('2026-11-23T11:00Z');
const SUNDAY_NIGHT = Date.parse('2026-11-22T22:10Z');

function workingHours(line: number, more: Partial<Conduit> = {}): Conduit {
  const window = {
    times: weeklyTimes('Mon-Fri 06:00-18:00'),
    source: { file: 'gatehouse.yaml', line: line + 3 },
  };
  return conduit(line, '10.0.5.7', { window, timeZone: 'Europe/Berlin', ...more });
}

function usedBy(holder: Partial<Holder> = {}, address = '10.0.5.7'): SessionCounts {
  const whole = {
    sessionId: 'abc',
    operationId: '4711',
    conduit: 'c10',
    sinceMs: MONDAY_NOON,
    isExclusive: false,
  };
  const holderOf = (asked: string): Holder | undefined =>
    asked === address ? { ...whole, ...holder } : undefined;
  return { ...NO_SESSIONS, holderOf };
}

function sentence(decision: Decision): string {
  return decision.kind === 'deny' ? `${decision.code}: ${decision.sentence}` : 'allowed';
}

test('a target is reached within the window of its conduit, and refused outside with when it opens next', () => {
  assert.equal(decide(question([workingHours(10)], '10.0.5.7', { nowMs: MONDAY_NOON })).kind, 'allow');
  assert.equal(
    sentence(decide(question([workingHours(10)], '10.0.5.7', { nowMs: SUNDAY_NIGHT }))),
    'outside-window: 10.0.5.7:22 can be reached only Mon-Fri 06:00-18:00, says conduit "c10" (gatehouse.yaml:10). ' +
      'It opens next on Mon 23 Nov 2026 06:00 (Europe/Berlin, where it is Sun 22 Nov 2026 23:10).',
  );
});

test('a later conduit does not help: the first that has host and port decides, window and all', () => {
  const conduits = [workingHours(10), conduit(20, '10.0.5.7')];
  assert.match(
    sentence(decide(question(conduits, '10.0.5.7', { nowMs: SUNDAY_NIGHT }))),
    /^outside-window: /,
  );
});

test('explain names window and line, and until when it is open or closed', () => {
  const at = (nowMs: number): string =>
    explain(question([workingHours(10)], '10.0.5.7', { nowMs })).lines.find((line) =>
      line.includes('window'),
    ) ?? '';
  const window = '  window Mon-Fri 06:00-18:00, Europe/Berlin (gatehouse.yaml:13): at';
  assert.equal(at(MONDAY_NOON), `${window} Mon 23 Nov 2026 12:00 open until Mon 23 Nov 2026 18:00`);
  const closed = explain(question([workingHours(10)], '10.0.5.7', { nowMs: SUNDAY_NIGHT })).lines;
  assert.ok(
    closed.includes(`${window} Sun 22 Nov 2026 23:10 closed until Mon 23 Nov 2026 06:00`),
    closed.join('\n'),
  );
});

test('an exclusive conduit gives a target to one session, and says who has it since when', () => {
  const conduits = [conduit(10, '10.0.5.7', { exclusive: true, timeZone: 'Europe/Berlin' })];
  assert.equal(decide(question(conduits, '10.0.5.7')).kind, 'allow');
  assert.equal(
    sentence(decide(question(conduits, '10.0.5.7', { counts: usedBy() }))),
    'target-in-use: 10.0.5.7:22 is in use since Mon 23 Nov 2026 12:00 (Europe/Berlin) by operation 4711/c10, and ' +
      'conduit "c10" (gatehouse.yaml:10) allows one session at a time (exclusive); connect again when it has ended, ' +
      'or end it with: gatehouse close abc',
  );
});

test('a session that has a target for itself keeps it from every other conduit', () => {
  const conduits = [conduit(20, '10.0.5.7')];
  const refused = decide(question(conduits, '10.0.5.7', { counts: usedBy({ isExclusive: true }) }));
  assert.match(sentence(refused), /^target-in-use: .* by operation 4711\/c10, and conduit "c10" allows one/);
  assert.equal(decide(question(conduits, '10.0.5.7', { counts: usedBy() })).kind, 'allow');
});

test('a name that leads to an address in use is in use, also when it leads to others, too', () => {
  const conduits = [conduit(10, 'plc.example', { exclusive: true })];
  const addresses = ['10.0.5.8', '10.0.5.7'];
  const refused = decide(question(conduits, 'plc.example', { addresses, counts: usedBy() }));
  assert.match(sentence(refused), /^target-in-use: plc\.example:22 is in use since /);
});

test('who has a target may be known by its conduit alone, from another version of the agent', () => {
  const conduits = [conduit(10, '10.0.5.7', { exclusive: true })];
  const counts = usedBy({ operationId: undefined, sinceMs: undefined });
  assert.match(
    sentence(decide(question(conduits, '10.0.5.7', { counts }))),
    /^target-in-use: 10\.0\.5\.7:22 is in use by operation unknown\/c10, /,
  );
});
