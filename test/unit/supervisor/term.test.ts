import assert from 'node:assert/strict';
import { test } from 'node:test';
import { weeklyTimes } from '../../../src/config/weekly-time.js';
import { TimeZone } from '../../../src/policy/time-zone.js';
import { Window } from '../../../src/policy/window.js';
import { Term, type Moment } from '../../../src/supervisor/term.js';

const MINUTE_MS = 60_000;
const NOON = Date.parse('2026-11-23T12:00Z');

function daily(text: string): Window {
  return new Window(weeklyTimes(`daily ${text}`), new TimeZone('UTC'));
}

/** So many minutes after noon; `stepMinutes` is what real time was set forward (or back) by since then. */
function at(minutes: number, stepMinutes = 0): Moment {
  return { realMs: NOON + (minutes + stepMinutes) * MINUTE_MS, elapsedMs: 7_000 + minutes * MINUTE_MS };
}

/** What comes of asking at each of these moments: `warn 5`, `end window-end`; nothing is left out. */
function events(term: Term, moments: readonly Moment[]): string[] {
  return moments.flatMap((moment) => {
    const event = term.look(moment);
    if (event === undefined) return [];
    const minute = (moment.elapsedMs - 7_000) / MINUTE_MS;
    if (event.kind === 'end') return [`${minute}: end ${event.because}`];
    return [`${minute}: warn ${event.leftMs / MINUTE_MS} ${event.end.because}`];
  });
}

function open(term: Term): Term {
  term.open(at(0));
  return term;
}

const everyHalfMinute = (from: number, to: number, step = 0): Moment[] =>
  Array.from({ length: (to - from) * 2 + 1 }, (_, index) => at(from + index / 2, step));

test('a session ends with its window and is warned of five minutes and one minute before', () => {
  const term = open(new Term({ window: daily('06:00-12:10'), durationMs: 0 }));
  assert.deepEqual(events(term, everyHalfMinute(0, 10)), [
    '5: warn 5 window-end',
    '9: warn 1 window-end',
    '10: end window-end',
  ]);
  assert.equal(term.end?.realMs, NOON + 10 * MINUTE_MS);
});

test('one that opens with less than five minutes left is warned of at once', () => {
  const term = open(new Term({ window: daily('06:00-12:03'), durationMs: 0 }));
  assert.deepEqual(events(term, [at(0.5), at(1), at(2.5)]), [
    '0.5: warn 2.5 window-end',
    '2.5: warn 0.5 window-end',
  ]);
});

test('of window and longest duration the earlier one ends a session, and the duration counts from its opening', () => {
  const term = new Term({ window: daily('06:00-12:30'), durationMs: 8 * MINUTE_MS });
  assert.deepEqual(events(term, [at(0), at(2)]), []);
  assert.equal(term.end?.because, 'window-end');
  term.open(at(2));
  assert.deepEqual(events(term, everyHalfMinute(3, 10)), [
    '5: warn 5 max-duration',
    '9: warn 1 max-duration',
    '10: end max-duration',
  ]);
});

test('real time that is set back does not let a session live on', () => {
  const term = open(new Term({ window: daily('06:00-12:10'), durationMs: 0 }));
  assert.deepEqual(events(term, [at(0), at(1)]), []);
  assert.deepEqual(events(term, everyHalfMinute(2, 10, -120)), [
    '5: warn 5 window-end',
    '9: warn 1 window-end',
    '10: end window-end',
  ]);
});

test('real time that is set forward past the end ends it at once', () => {
  const term = open(new Term({ window: daily('06:00-12:10'), durationMs: 0 }));
  assert.deepEqual(events(term, [at(0), at(1, 60)]), ['1: end window-end']);
});

test('windows that follow each other at once do not end a session, and one without limits has no end', () => {
  const times = weeklyTimes(['daily 06:00-12:10', 'daily 12:10-24:00', 'daily 00:00-06:00']);
  const term = open(new Term({ window: new Window(times, new TimeZone('Europe/Berlin')), durationMs: 0 }));
  assert.deepEqual(events(term, everyHalfMinute(0, 60)), []);
  assert.equal(term.end, undefined);
  assert.deepEqual(events(open(new Term({ window: undefined, durationMs: 0 })), everyHalfMinute(0, 10)), []);
});

test('other rules give another end; a longer duration than at its opening is not for a session that runs', () => {
  const term = open(new Term({ window: daily('06:00-12:10'), durationMs: 60 * MINUTE_MS }));
  assert.deepEqual(events(term, [at(6)]), ['6: warn 4 window-end']);
  term.replace({ window: daily('06:00-13:30'), durationMs: 120 * MINUTE_MS });
  assert.deepEqual(events(term, [at(10), at(12)]), []);
  assert.deepEqual([term.end?.because, term.end?.realMs], ['max-duration', NOON + 60 * MINUTE_MS]);
  term.replace({ window: undefined, durationMs: 10 * MINUTE_MS });
  assert.deepEqual(events(term, [at(12.5)]), ['12.5: end max-duration']);
});
