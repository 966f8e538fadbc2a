import type { Writable } from 'node:stream';
import { render } from './line.js';
import type { Line } from './line.js';

/** A terminal as a stream. */
export type TerminalStream = Writable & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

/** Size assumed where the terminal does not tell: that of the VT100. */
const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

/** Smallest and largest size that is drawn for: what a terminal claims is not always sane. */
const MIN_SIZE = 1;
const MAX_SIZE = 1_000;

// The screen beside the usual one, no cursor, no wrapping; and the way back.
const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[2J';
const LEAVE = '\u001b[0m\u001b[?7h\u001b[?25h\u001b[?1049l';

/** A screen of its own that is drawn in place: only lines that have changed are written. */
export class Screen {
  readonly #output: TerminalStream;
  readonly #isColoured: boolean;
  #drawn: readonly string[] = [];
  #size = '';
  #isOpen = false;

  constructor(output: TerminalStream, isColoured: boolean) {
    this.#output = output;
    this.#isColoured = isColoured;
  }

  get width(): number {
    return sane(this.#output.columns, DEFAULT_COLUMNS);
  }

  get height(): number {
    return sane(this.#output.rows, DEFAULT_ROWS);
  }

  /** What was on the terminal stays, out of sight, until `close`. */
  open(): void {
    this.#isOpen = true;
    this.#output.write(ENTER);
  }

  draw(lines: readonly Line[]): void {
    if (!this.#isOpen || this.#output.writableNeedDrain) return;
    const { width, height } = this;
    const size = `${width}x${height}`;
    const isNew = size !== this.#size;
    const texts = lines.slice(0, height).map((line) => render(line, width, this.#isColoured));
    let out = isNew ? '\u001b[2J' : '';
    for (const [index, text] of texts.entries()) {
      if (!isNew && text === this.#drawn[index]) continue;
      // Cleared before: after a line as wide as the screen the cursor stands on its last character.
      out += `\u001b[${index + 1};1H\u001b[2K${text}`;
    }
    if (!isNew && texts.length < this.#drawn.length) out += `\u001b[${texts.length + 1};1H\u001b[J`;
    if (out !== '') this.#output.write(out);
    this.#drawn = texts;
    this.#size = size;
  }

  /** Gives the terminal back as it was. Twice is harmless. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#output.write(LEAVE);
  }
}

function sane(size: number | undefined, usual: number): number {
  return size === undefined || !(size >= MIN_SIZE) ? usual : Math.min(size, MAX_SIZE);
}
