/** The part of a stream that commands write to. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** What a command that only tells things gets from the process; tests give their own. */
export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

const COLOURS = { red: 31, green: 32, yellow: 33, cyan: 36, grey: 90, bold: 1 } as const;

export type Colour = keyof typeof COLOURS;

/** Columns assumed where the output does not tell. */
const DEFAULT_COLUMNS = 80;

/** Lines for people: coloured on a terminal only, never with NO_COLOR (https://no-color.org), with a live last line. */
export class Terminal {
  readonly #output: Output;
  readonly #isLive: boolean;
  readonly #isColoured: boolean;
  #hasProgress = false;

  constructor(output: Output, env: Io['env']) {
    this.#output = output;
    this.#isLive = output.isTTY === true && env.TERM !== 'dumb';
    this.#isColoured = this.#isLive && (env.NO_COLOR ?? '') === '';
  }

  /** Its width in characters; undefined where nobody looks at it. */
  get columns(): number | undefined {
    return this.#output.isTTY === true ? (this.#output.columns ?? DEFAULT_COLUMNS) : undefined;
  }

  paint(colour: Colour, text: string): string {
    return this.#isColoured ? `\u001b[${COLOURS[colour]}m${text}\u001b[0m` : text;
  }

  /** One line; takes the place of the progress if that is shown. */
  line(text = ''): void {
    this.clear();
    this.#output.write(`${text}\n`);
  }

  /** What is going on at the moment, in the last line of a terminal; nothing elsewhere. */
  progress(text: string): void {
    if (!this.#isLive) return;
    this.clear();
    const columns = this.#output.columns ?? DEFAULT_COLUMNS;
    this.#output.write(printable(text).slice(0, Math.max(1, columns - 1)));
    this.#hasProgress = true;
  }

  /** Takes the progress away. */
  clear(): void {
    if (this.#hasProgress) this.#output.write('\r\u001b[2K');
    this.#hasProgress = false;
  }
}

/** Rows as lines with aligned columns, two blanks between; the last column is not padded. Cells hold no colours. */
export function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** Text from elsewhere without what a terminal would obey: control and format characters become `?`. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?');
}
