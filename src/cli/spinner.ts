import type { Terminal } from './terminal.js';

/** Drawn in turn; ASCII, as consoles of gateways have few characters. */
const FRAMES = ['|', '/', '-', '\\'] as const;

/** Time between two of them, in ms. */
const FRAME_MS = 120;

/** After this the time it takes is shown, in ms. */
const SHOW_TIME_MS = 1_000;

/** Something that moves while a command works: on a terminal only. */
export class Spinner {
  readonly #terminal: Terminal;
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;
  #frame = 0;

  constructor(terminal: Terminal, now: () => number) {
    this.#terminal = terminal;
    this.#now = now;
  }

  /** Shows what is going on, until the next `show` or `stop`. `about` is short, such as `3/12`. */
  show(about: string, text: string): void {
    this.stop();
    const startedAtMs = this.#now();
    const draw = (): void => {
      const tookMs = this.#now() - startedAtMs;
      const time = tookMs < SHOW_TIME_MS ? '' : `  ${Math.floor(tookMs / 1_000)} s`;
      const frame = FRAMES[this.#frame++ % FRAMES.length] ?? '';
      this.#terminal.progress(`${`${frame} ${about}`.padEnd(9)}${text}${time}`);
    };
    draw();
    this.#timer = setInterval(draw, FRAME_MS);
    this.#timer.unref();
  }

  /** Takes it away. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#terminal.clear();
  }
}
