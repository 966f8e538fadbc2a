/** How far apart offsets are looked at, in ms: no zone has changed its clocks twice within a quarter of a day. */
const STEP_MS = 21_600_000;

/** What the clocks of one IANA time zone show. */
export class TimeZone {
  readonly #format: Intl.DateTimeFormat;

  /** @throws RangeError for a name that is none. */
  constructor(readonly name: string) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      weekday: 'short',
      year: 'numeric',
      month: 'short',
      day: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
  }

  /** What the clocks show at `ms` (since 1970, UTC, a whole number), as if they showed UTC. */
  wallMs(ms: number): number {
    const { year, month, day, hour, minute, second } = this.#parts(ms);
    const shown = Date.parse(`${day} ${month} ${year} ${hour}:${minute}:${second} GMT`);
    return shown + (((ms % 1_000) + 1_000) % 1_000);
  }

  /**
   * The first moment behind `fromMs`, up to `toMs` (whole numbers), at which the clocks are changed; undefined when there
   * is none.
   */
  nextChange(fromMs: number, toMs: number): number | undefined {
    const offsetMs = this.#offsetMs(fromMs);
    for (let ms = fromMs; ms < toMs;) {
      const next = Math.min(ms + STEP_MS, toMs);
      if (this.#offsetMs(next) !== offsetMs) return this.#firstOther(ms, next, offsetMs);
      ms = next;
    }
    return undefined;
  }

  /** `Mon 23 Nov 2026 06:00` */
  text(ms: number): string {
    const { weekday, day, month, year, hour, minute } = this.#parts(ms);
    return `${weekday} ${day} ${month} ${year} ${hour}:${minute}`;
  }

  /**
   * When the clocks show `wallMs` (as if they showed UTC): the first time where they show it twice, and as much later
   * where they leave it out.
   */
  momentOf(wallMs: number): number {
    const before = wallMs - this.#offsetMs(wallMs - 2 * STEP_MS);
    if (this.wallMs(before) === wallMs) return before;
    const after = wallMs - this.#offsetMs(wallMs + 2 * STEP_MS);
    return this.wallMs(after) === wallMs ? after : before;
  }

  #offsetMs(ms: number): number {
    return this.wallMs(ms) - ms;
  }

  /** Halves the time between two moments, the first of which still has the offset. */
  #firstOther(fromMs: number, toMs: number, offsetMs: number): number {
    let [same, other] = [fromMs, toMs];
    while (other - same > 1) {
      const middle = Math.floor((same + other) / 2);
      if (this.#offsetMs(middle) === offsetMs) same = middle;
      else other = middle;
    }
    return other;
  }

  #parts(ms: number): Record<string, string> {
    return Object.fromEntries(this.#format.formatToParts(ms).map(({ type, value }) => [type, value]));
  }
}

/** A time zone by name; each is made once, because making one takes a hundred times as long as asking it. */
export class TimeZones {
  readonly #zones = new Map<string, TimeZone>();

  get(name: string): TimeZone {
    const known = this.#zones.get(name);
    if (known !== undefined) return known;
    const zone = new TimeZone(name);
    this.#zones.set(name, zone);
    return zone;
  }
}
