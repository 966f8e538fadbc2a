import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { WeeklyTime } from '../../../src/config/config.js';
import { weeklyTimes } from '../../../src/config/weekly-time.js';
import { TimeZone } from '../../../src/policy/time-zone.js';
import { Window } from '../../../src/policy/window.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

function windowOf(text: string | readonly string[], zone: string): Window {
  return new Window(weeklyTimes(text), new TimeZone(zone));
}

/** The changes of a window within some days, in UTC. */
function changes(window: Window, from: string, days: number): string[] {
  const found: string[] = [];
  const endMs = Date.parse(from) + days * DAY_MS;
  for (let ms = window.spellAt(Date.parse(from)).toMs; ms < endMs; ms = window.spellAt(ms).toMs) {
    const sign = window.isOpenAt(ms) ? 'opens' : 'closes';
    found.push(`${sign} ${new Date(ms).toISOString().slice(0, 16)}Z`);
  }
  return found;
}

test('a window of working hours opens and closes by the clocks of its zone, in winter and in summer', () => {
  const window = windowOf('Mon-Fri 06:00-18:00', 'Europe/Berlin');
  assert.deepEqual(changes(window, '2026-03-27T12:00Z', 4), [
    'closes 2026-03-27T17:00Z',
    // The clocks were put forward on Sunday.
    'opens 2026-03-30T04:00Z',
    'closes 2026-03-30T16:00Z',
    'opens 2026-03-31T04:00Z',
  ]);
});

test('a window across midnight belongs to the day on which it begins, also from Saturday to Sunday', () => {
  const window = windowOf('Sat 22:00-04:00', 'UTC');
  assert.deepEqual(changes(window, '2026-11-20T00:00Z', 8), [
    'opens 2026-11-21T22:00Z',
    'closes 2026-11-22T04:00Z',
  ]);
});

test('an hour that the clocks leave out in spring is never there, and one that they show twice is there twice', () => {
  const night = windowOf('daily 02:15-02:45', 'Europe/Berlin');
  assert.deepEqual(changes(night, '2026-03-28T12:00Z', 2), [
    'opens 2026-03-30T00:15Z',
    'closes 2026-03-30T00:45Z',
  ]);
  assert.deepEqual(changes(night, '2026-10-24T12:00Z', 1), [
    'opens 2026-10-25T00:15Z',
    'closes 2026-10-25T00:45Z',
    'opens 2026-10-25T01:15Z',
    'closes 2026-10-25T01:45Z',
  ]);
});

test('a change of the clocks opens and closes a window that it jumps into or out of', () => {
  // 02:00 becomes 03:00: the clocks jump over the beginning, or over the end.
  assert.deepEqual(changes(windowOf('Sun 02:30-05:00', 'Europe/Berlin'), '2026-03-28T23:00Z', 1), [
    'opens 2026-03-29T01:00Z',
    'closes 2026-03-29T03:00Z',
  ]);
  assert.deepEqual(changes(windowOf('Sun 00:30-02:30', 'Europe/Berlin'), '2026-03-28T23:00Z', 1), [
    'opens 2026-03-28T23:30Z',
    'closes 2026-03-29T01:00Z',
  ]);
});

test('windows that join without a gap are one, also over midnight and the end of the week', () => {
  const joined = windowOf(['Fri 18:00-24:00', 'Sat 00:00-24:00', 'Sun 00:00-06:00'], 'UTC');
  assert.deepEqual(changes(joined, '2026-11-20T12:00Z', 3), [
    'opens 2026-11-20T18:00Z',
    'closes 2026-11-22T06:00Z',
  ]);
  const always = windowOf(['daily 06:00-18:00', 'daily 18:00-06:00'], 'America/New_York');
  assert.deepEqual(always.spellAt(0), { isOpen: true, fromMs: 0, toMs: Infinity });
});

test('a week day that the clocks of a zone never show is passed over', () => {
  // Samoa went over the date line: Friday, 30 December 2011 was left out.
  const fridays = windowOf('Fri 09:00-10:00', 'Pacific/Apia');
  assert.deepEqual(changes(fridays, '2011-12-24T00:00Z', 14), [
    'opens 2012-01-05T19:00Z',
    'closes 2012-01-05T20:00Z',
  ]);
});

/** Whether a window is open, by nothing but what another formatter prints for that minute. */
function reference(times: readonly WeeklyTime[], zone: string): (ms: number) => boolean {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  return (ms) => {
    const [, name = '', hour = '', minute = ''] = /^(\w{3}),? (\d\d):(\d\d)$/.exec(format.format(ms)) ?? [];
    const day = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'].indexOf(name);
    assert.notEqual(day, -1, format.format(ms));
    const clock = Number(hour) * 60 + Number(minute);
    return times.some(({ days, fromMinute, toMinute }) => {
      if (fromMinute < toMinute) return days.includes(day) && fromMinute <= clock && clock < toMinute;
      return (
        (days.includes(day) && clock >= fromMinute) || (days.includes((day + 6) % 7) && clock < toMinute)
      );
    });
  };
}

const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/St_Johns',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
  'Africa/Casablanca',
  'America/Santiago',
];

const TIME: fc.Arbitrary<WeeklyTime> = fc
  .record({
    days: fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 7 }),
    fromMinute: fc.integer({ min: 0, max: 1_439 }),
    toMinute: fc.integer({ min: 1, max: 1_440 }),
  })
  .filter(({ fromMinute, toMinute }) => fromMinute !== toMinute)
  .map((time) => ({ ...time, text: 'generated' }));

/** Moments within two years; half of them within two days of a change of the clocks. */
const MOMENT = fc.oneof(
  fc.date({ min: new Date('2026-01-01'), max: new Date('2027-12-31'), noInvalidDate: true }),
  fc
    .tuple(
      fc.constantFrom('2026-03-08', '2026-03-29', '2026-04-05', '2026-10-04', '2026-10-25', '2026-11-01'),
      fc.integer({ min: -48 * 60, max: 48 * 60 }),
    )
    .map(([day, minutes]) => new Date(Date.parse(day) + minutes * MINUTE_MS)),
);

test('open and closed, and the next change, are what a minute by minute walk along the clocks gives', () => {
  fc.assert(
    fc.property(
      fc.array(TIME, { minLength: 1, maxLength: 4 }),
      fc.constantFrom(...ZONES),
      MOMENT,
      (times, zone, moment) => {
        const isOpen = reference(times, zone);
        const window = new Window(times, new TimeZone(zone));
        const ms = Math.floor(moment.getTime() / MINUTE_MS) * MINUTE_MS;
        const spell = window.spellAt(ms);
        assert.equal(spell.isOpen, isOpen(ms));
        assert.deepEqual(new Window(times, new TimeZone(zone)).spellAt(ms + 0.7), spell);
        // Clocks are changed at full minutes, so within a day every minute is looked at, then every hour.
        let at = ms;
        while (at < ms + DAY_MS && isOpen(at) === spell.isOpen) at += MINUTE_MS;
        if (at < ms + DAY_MS) return assert.equal(spell.toMs, at);
        assert.ok(spell.toMs >= at);
        for (; at < Math.min(spell.toMs, ms + 14 * DAY_MS); at += HOUR_MS)
          assert.equal(isOpen(at), spell.isOpen);
        if (spell.toMs === Infinity) return;
        assert.equal(isOpen(spell.toMs - MINUTE_MS), spell.isOpen);
        assert.equal(isOpen(spell.toMs), !spell.isOpen);
      },
    ),
    { numRuns: 300 },
  );
});

test('the moment at which clocks show a time is found, and shown again', () => {
  fc.assert(
    fc.property(fc.constantFrom(...ZONES), MOMENT, (name, moment) => {
      const zone = new TimeZone(name);
      const wallMs = zone.wallMs(moment.getTime());
      assert.equal(zone.wallMs(zone.momentOf(wallMs)), wallMs);
    }),
    { numRuns: 300 },
  );
  assert.equal(new TimeZone('Asia/Kolkata').text(Date.parse('2026-11-23T00:30Z')), 'Mon 23 Nov 2026 06:00');
});
