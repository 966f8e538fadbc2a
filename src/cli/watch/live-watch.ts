import type { Readable } from 'node:stream';
import { AdminClientError } from '../admin-client.js';
import { printable } from '../admin-text.js';
import type { AgentFeed, Reading } from './agent-feed.js';
import { frame, pageOf } from './frame.js';
import type { Notice } from './frame.js';
import { keysIn } from './keys.js';
import type { Key } from './keys.js';
import { Rates } from './rates.js';
import type { Screen, TerminalStream } from './screen.js';
import { matches, ordered, sessionRow } from './session-row.js';
import type { SessionRow } from './session-row.js';
import { INITIAL, press, settle } from './watch-state.js';
import type { WatchState } from './watch-state.js';

/** How long a notice stands, in ms. */
const NOTICE_MS = 6_000;

/** Keys as a terminal sends them; undefined where standard input is none. */
export type Keyboard = Readable & { setRawMode(isRaw: boolean): unknown };

export interface LiveWatchParts {
  readonly feed: AgentFeed;
  readonly screen: Screen;
  readonly output: TerminalStream;
  readonly keyboard: Keyboard | undefined;
  readonly intervalMs: number;
  /** Ends it from outside. */
  readonly stop: AbortSignal;
  /** Wall clock, in ms since 1970. */
  readonly now: () => number;
}

/** The sessions as a table that redraws in place and listens to keys, until somebody quits. */
export class LiveWatch {
  readonly #parts: LiveWatchParts;
  readonly #rates = new Rates();
  readonly #quit = new AbortController();
  #state: WatchState = INITIAL;
  #reading: Reading | undefined;
  #readAtMs = 0;
  /** Since when the agent does not answer, by the wall clock. */
  #awaySinceMs: number | undefined;
  #notice: (Notice & { readonly untilMs: number }) | undefined;

  constructor(parts: LiveWatchParts) {
    this.#parts = parts;
  }

  /** Resolves when somebody quits. @throws AdminClientError when the agent does not answer the first time. */
  async run(): Promise<void> {
    const { feed, screen, output, keyboard, stop } = this.#parts;
    this.#take(await feed.read());
    const onKeys = (input: string): void => this.#press(keysIn(input));
    const onResize = (): void => this.#draw();
    const onGone = (): void => this.#quit.abort();
    stop.addEventListener('abort', onGone);
    if (stop.aborted) onGone();
    output.on('resize', onResize).on('error', onGone);
    keyboard?.setEncoding('utf8').on('data', onKeys).on('end', onGone);
    keyboard?.setRawMode(true);
    screen.open();
    try {
      await this.#watch();
    } finally {
      screen.close();
      keyboard?.setRawMode(false);
      keyboard?.off('data', onKeys).off('end', onGone).pause();
      output.off('resize', onResize);
      stop.removeEventListener('abort', onGone);
    }
  }

  async #watch(): Promise<void> {
    const { feed, intervalMs } = this.#parts;
    this.#draw();
    for (;;) {
      await pause(intervalMs, this.#quit.signal);
      if (this.#quit.signal.aborted) return;
      try {
        this.#take(await feed.read());
      } catch (error) {
        if (!(error instanceof AdminClientError)) throw error;
        this.#lose(error);
      }
      this.#draw();
    }
  }

  #take(reading: Reading): void {
    const nowMs = this.#parts.now();
    if (this.#awaySinceMs !== undefined) this.#tell('The agent answers again.', 'green');
    this.#awaySinceMs = undefined;
    this.#reading = reading;
    this.#readAtMs = nowMs;
    this.#rates.read(reading.sessions, performance.now());
  }

  #lose(error: AdminClientError): void {
    this.#awaySinceMs ??= this.#readAtMs;
    // A refused token does not pass by itself.
    if (error.message.includes('refuses')) this.#tell(printable(error.message), 'red');
  }

  #press(keys: readonly Key[]): void {
    for (const key of keys) {
      const { state, action } = press(this.#state, key, this.#rows(), this.#page());
      this.#state = state;
      if (action?.kind === 'quit') this.#quit.abort();
      if (action?.kind === 'end') this.#end(action.id);
    }
    this.#draw();
  }

  #end(id: string): void {
    const { feed } = this.#parts;
    this.#tell(`Ending session ${printable(id)} ...`, 'yellow');
    feed
      .end(id)
      .then(({ text, isDone }) => {
        this.#tell(text, isDone ? 'green' : 'red');
        this.#draw();
      })
      .catch((error: unknown) => this.#quit.abort(error));
  }

  #tell(text: string, style: Notice['style']): void {
    this.#notice = { text, style, untilMs: this.#parts.now() + NOTICE_MS };
  }

  #rows(): SessionRow[] {
    const { search, sort, isReversed } = this.#state;
    const nowMs = this.#awaySinceMs === undefined ? this.#parts.now() : this.#readAtMs;
    const rows = (this.#reading?.sessions ?? []).map((each) =>
      sessionRow(each, this.#rates.of(each.id), nowMs),
    );
    return ordered(search === '' ? rows : rows.filter((row) => matches(row, search)), sort, isReversed);
  }

  #page(): number {
    return pageOf(this.#parts.screen.height);
  }

  #draw(): void {
    if (this.#quit.signal.aborted) return;
    const { screen, now } = this.#parts;
    const rows = this.#rows();
    this.#state = settle(this.#state, rows, this.#page());
    const nowMs = now();
    const isOver = this.#notice !== undefined && this.#notice.untilMs <= nowMs;
    if (isOver) this.#notice = undefined;
    const view = {
      state: this.#state,
      rows,
      count: this.#reading?.sessions.length ?? 0,
      total: this.#rates.total(),
      agent: {
        about: this.#reading?.about ?? '',
        isConnected: this.#reading?.isConnected ?? true,
        awayS: this.#awaySinceMs === undefined ? undefined : (nowMs - this.#awaySinceMs) / 1_000,
      },
      notice: this.#notice,
      time: clock(this.#readAtMs),
    };
    screen.draw(frame(view, screen.width, screen.height));
  }
}

/** Resolves after `ms`, or at once when the signal aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}

/** `14:03:07`, local time. */
function clock(atMs: number): string {
  const at = new Date(atMs);
  return [at.getHours(), at.getMinutes(), at.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
}
