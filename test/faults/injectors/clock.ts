import { existsSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Where Debian's package `libfaketime` (of `faketime`) puts the library, below a folder per architecture. */
const FOLDER = '/usr/lib';

/** A wall clock that jumps, for processes started with `env`. Timers are left alone, as when somebody sets the clock. */
export class Clock {
  readonly #file: string;

  /** @param folder where its file is kept. */
  constructor(folder: string) {
    this.#file = path.join(folder, 'clock');
    this.set('+0');
  }

  /** For LaunchOptions.env. */
  get env(): Readonly<Record<string, string>> {
    return {
      LD_PRELOAD: library(),
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
  }

  /** From within a second on the clock is off by this: `+3h`, `-1d`; or `@2038-01-20 00:00:00` and running on. */
  set(offset: string): void {
    writeFileSync(`${this.#file}.new`, `${offset}\n`);
    renameSync(`${this.#file}.new`, this.#file);
  }
}

function library(): string {
  const folders = readdirSync(FOLDER).map((name) => path.join(FOLDER, name, 'faketime', 'libfaketime.so.1'));
  const found = folders.find((file) => existsSync(file));
  if (found === undefined) throw new Error('libfaketime is not there; install the package faketime');
  return found;
}
