import { stat } from 'node:fs/promises';

export interface CredentialWatchOptions {
  /** Absolute paths; asked for anew at each look. */
  readonly files: () => readonly string[];
  /** One of them is not what it was at the look before. */
  readonly onChange: () => void;
  readonly everyMs: number;
}

/**
 * Looks at files with credentials every now and then. Not fs.watch: it does not see a file that a link leads to from
 * another folder, which is how certificates and secrets are mostly put in place.
 */
export class CredentialWatch {
  readonly #options: CredentialWatchOptions;
  #timer: NodeJS.Timeout | undefined;
  #seen: string | undefined;
  #isLooking = false;

  constructor(options: CredentialWatchOptions) {
    this.#options = options;
  }

  /** Begins with what is there now; a second call is harmless. */
  start(): void {
    if (this.#timer !== undefined) return;
    void this.#look();
    this.#timer = setInterval(() => void this.#look(), this.#options.everyMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    // A network file system may let a look take longer than the time to the next.
    if (this.#isLooking) return;
    this.#isLooking = true;
    const marks = await Promise.all(this.#options.files().map(markOf));
    this.#isLooking = false;
    const now = marks.join('\n');
    const before = this.#seen;
    // Kept before it is read: what changes while it is read is a change at the next look.
    this.#seen = now;
    if (before !== undefined && before !== now) this.#options.onChange();
  }
}

/** What changes when a file is written, replaced, or its link leads elsewhere. */
async function markOf(file: string): Promise<string> {
  try {
    const { mtimeMs, ctimeMs, size, ino, dev } = await stat(file);
    return [file, mtimeMs, ctimeMs, size, ino, dev].join(' ');
  } catch {
    return `${file} is not there`;
  }
}
