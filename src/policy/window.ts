import type { WeeklyTime } from '../config/config.js';
import type { TimeZone } from './time-zone.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;

/** 1970 began on a Thursday, which is so far behind the Sunday before. */
const EPOCH_IN_WEEK_MS = 4 * DAY_MS;

/**
 * How far ahead a change is looked for, in ms: a window of one week day can be left out by a change of the clocks, but
 * not five times in a row.
 */
const HORIZON_MS = 5 * WEEK_MS;

/** Part of the week, in ms since Sunday 00:00 by the clocks of the zone; `to` is exclusive. */
interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** Whether a window is open, from one moment (inclusive) to another (exclusive). */
export interface Spell {
  readonly isOpen: boolean;
  readonly fromMs: number;
  /** Infinity when it stays as it is. */
  readonly toMs: number;
}

/**
 * When a conduit may be used. What the clocks of the zone show decides, and nothing else: an hour that they leave out in
 * spring is never there, one that they show twice in autumn is there twice.
 */
export class Window {
  readonly #stretches: readonly Stretch[];
  #spell: Spell | undefined;

  constructor(
    times: readonly WeeklyTime[],
    private readonly zone: TimeZone,
  ) {
    this.#stretches = joined(times.flatMap(stretchesOf));
  }

  isOpenAt(ms: number): boolean {
    return this.#spell !== undefined && isWithin(this.#spell, ms) ? this.#spell.isOpen : this.#isOpen(ms);
  }

  /** What holds at `ms` (since 1970, UTC) and until when. Asking for the same spell again costs nothing. */
  spellAt(ms: number): Spell {
    const known = this.#spell;
    if (known !== undefined && isWithin(known, ms)) return known;
    // Clocks that are derived from others give fractions.
    const fromMs = Math.floor(ms);
    const spell = { isOpen: this.#isOpen(fromMs), fromMs, toMs: this.#changeAfter(fromMs) };
    this.#spell = spell;
    return spell;
  }

  /** When it opens next, at or behind `ms`; undefined when it never does. */
  opensAt(ms: number): number | undefined {
    const spell = this.spellAt(ms);
    if (spell.isOpen) return ms;
    return spell.toMs === Infinity ? undefined : spell.toMs;
  }

  #isOpen(ms: number): boolean {
    const inWeek = inWeekMs(this.zone.wallMs(ms));
    return this.#stretches.some(({ from, to }) => from <= inWeek && inWeek < to);
  }

  /** Between two changes of the clocks a week has no gaps; so it goes from one of them to the next. */
  #changeAfter(ms: number): number {
    const isOpen = this.#isOpen(ms);
    const limit = ms + HORIZON_MS;
    for (let at = ms; at < limit;) {
      const inWeek = inWeekMs(this.zone.wallMs(at));
      const edge = at + this.#nextEdge(inWeek) - inWeek;
      const clockChange = this.zone.nextChange(at, Math.min(edge, limit));
      if (clockChange === undefined) return edge <= limit ? edge : Infinity;
      if (this.#isOpen(clockChange) !== isOpen) return clockChange;
      at = clockChange;
    }
    return Infinity;
  }

  /** Where in this week or the next one it opens or closes next, behind `inWeek`; Infinity when it is always open. */
  #nextEdge(inWeek: number): number {
    const [first] = this.#stretches;
    if (first === undefined) return Infinity;
    for (const { from, to } of this.#stretches) {
      if (inWeek < from) return from;
      if (inWeek >= to) continue;
      if (to < WEEK_MS || first.from > 0) return to;
      // Sunday begins where Saturday ends.
      return first.to === WEEK_MS ? Infinity : WEEK_MS + first.to;
    }
    return WEEK_MS + first.from;
  }
}

function isWithin({ fromMs, toMs }: Spell, ms: number): boolean {
  return fromMs <= ms && ms < toMs;
}

function inWeekMs(wallMs: number): number {
  return (((wallMs + EPOCH_IN_WEEK_MS) % WEEK_MS) + WEEK_MS) % WEEK_MS;
}

/** One for each day, two where one goes on into the next week. */
function stretchesOf({ days, fromMinute, toMinute }: WeeklyTime): Stretch[] {
  return days.flatMap((day) => {
    const from = day * DAY_MS + fromMinute * MINUTE_MS;
    const to = day * DAY_MS + toMinute * MINUTE_MS + (toMinute <= fromMinute ? DAY_MS : 0);
    if (to <= WEEK_MS) return [{ from, to }];
    return [
      { from, to: WEEK_MS },
      { from: 0, to: to - WEEK_MS },
    ];
  });
}

/** In order, with those that overlap or follow each other at once made one. */
function joined(stretches: readonly Stretch[]): readonly Stretch[] {
  const result: Stretch[] = [];
  for (const stretch of [...stretches].sort((a, b) => a.from - b.from)) {
    const last = result.at(-1);
    if (last === undefined || stretch.from > last.to) result.push(stretch);
    else result.splice(-1, 1, { from: last.from, to: Math.max(last.to, stretch.to) });
  }
  return result;
}
