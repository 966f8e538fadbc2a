import type { Window } from '../policy/window.js';

/** Minutes before its end at which a session is warned of. */
const WARNED_MINUTES = [5, 1] as const;

const MINUTE_MS = 60_000;

/** A planned end moves only when it comes earlier by more than the clocks are coarse, in ms. */
const COARSE_MS = 1_000;

export type EndsBecause = 'window-end' | 'max-duration';

/** What limits a session in time. */
export interface TermRules {
  /** Undefined = none. */
  readonly window: Window | undefined;
  /** Longest open time, in ms; 0 = no limit. */
  readonly durationMs: number;
}

/** One moment on two clocks. */
export interface Moment {
  /** Real time, in ms since 1970: the best that is known, and it may be corrected in either direction. */
  readonly realMs: number;
  /** A clock that nobody sets and that goes on while the machine sleeps, in ms. */
  readonly elapsedMs: number;
}

/** When a session ends, and why. */
export interface PlannedEnd extends Moment {
  readonly because: EndsBecause;
}

export type TermEvent =
  | { readonly kind: 'end'; readonly because: EndsBecause }
  | { readonly kind: 'warn'; readonly end: PlannedEnd; readonly leftMs: number };

/**
 * When a session ends by the clock. Once planned, its end comes earlier or stays: real time that is set back does not let
 * a session live on. Pure: it is asked again and again, and no timer is trusted.
 */
export class Term {
  #rules: TermRules;
  /** What its worker holds it to as well; longer than that it never gets. */
  readonly #firstDurationMs: number;
  #openedAtMs: number | undefined;
  #end: PlannedEnd | undefined;
  #warnedMinutes = Infinity;

  constructor(rules: TermRules) {
    this.#rules = rules;
    this.#firstDurationMs = rules.durationMs;
  }

  /** Undefined while nothing limits it. */
  get end(): PlannedEnd | undefined {
    return this.#end;
  }

  /** Other rules from now on, and with them another end. */
  replace(rules: TermRules): void {
    this.#rules = rules;
    this.#end = undefined;
    this.#warnedMinutes = Infinity;
  }

  /** It has opened: its duration counts from here. */
  open({ elapsedMs }: Moment): void {
    this.#openedAtMs ??= elapsedMs;
  }

  /** What is due. Of every warning it tells once. */
  look(now: Moment): TermEvent | undefined {
    for (const end of [this.#windowEnd(now), this.#durationEnd(now)]) {
      if (end === undefined) continue;
      const isEarlier = this.#end === undefined || end.elapsedMs < this.#end.elapsedMs - COARSE_MS;
      if (isEarlier) this.#end = end;
    }
    const end = this.#end;
    if (end === undefined) return undefined;
    const leftMs = end.elapsedMs - now.elapsedMs;
    if (leftMs <= 0) return { kind: 'end', because: end.because };
    const minutes = WARNED_MINUTES.findLast((warned) => leftMs <= warned * MINUTE_MS);
    if (this.#openedAtMs === undefined || minutes === undefined || minutes >= this.#warnedMinutes) {
      return undefined;
    }
    this.#warnedMinutes = minutes;
    return { kind: 'warn', end, leftMs };
  }

  #windowEnd(now: Moment): PlannedEnd | undefined {
    const spell = this.#rules.window?.spellAt(now.realMs);
    if (spell === undefined || (spell.isOpen && spell.toMs === Infinity)) return undefined;
    return plan('window-end', now, spell.isOpen ? spell.toMs - now.realMs : 0);
  }

  #durationEnd(now: Moment): PlannedEnd | undefined {
    if (this.#openedAtMs === undefined) return undefined;
    const limits = [this.#firstDurationMs, this.#rules.durationMs].filter((ms) => ms > 0);
    if (limits.length === 0) return undefined;
    return plan('max-duration', now, this.#openedAtMs + Math.min(...limits) - now.elapsedMs);
  }
}

function plan(because: EndsBecause, { realMs, elapsedMs }: Moment, inMs: number): PlannedEnd {
  return { because, realMs: realMs + inMs, elapsedMs: elapsedMs + inMs };
}
