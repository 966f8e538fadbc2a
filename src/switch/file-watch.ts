import { watch, type FSWatcher } from 'node:fs';
import path from 'node:path';
import { fairTimer } from '../fair-timer.js';
import { off, type SwitchReading } from './switch-value.js';

/** Time between two looks, in ms. */
export const LOOK_MS = 250;

/** Longest time a look may take, in ms; together with the one above and with the cut of sessions it stays below 1 s. */
export const READ_MS = 500;

/** Looks that are under way at a time: of libuv's four threads for files, two stay for the journal and the log. */
export const MAX_READS = 2;

export interface FileWatchOptions {
  readonly file: string;
  /** Reads it once; may take for ever. */
  readonly read: (file: string) => Promise<SwitchReading>;
  readonly onReading: (reading: SwitchReading) => void;
  /** Monotonic, in ms. */
  readonly now: () => number;
}

/** Looks at a switch file four times a second, and as soon as something changes beside it. Started by the constructor. */
export class FileWatch {
  readonly #options: FileWatchOptions;
  readonly #timer: NodeJS.Timeout;
  #watcher: FSWatcher | undefined;
  #forgive: () => void = () => undefined;
  /** Reads that have been begun, and the last one that counted; a slower one that began before it counts no more. */
  #begun = 0;
  #counted = 0;
  #underWay = 0;
  #isStopped = false;

  constructor(options: FileWatchOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    this.#look();
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#forgive();
    this.#watcher?.close();
  }

  #look(): void {
    // A read that is late was told of by its deadline; one more may find that the file is back.
    const isPending = this.#begun > this.#counted;
    if (this.#isStopped || isPending || this.#underWay >= MAX_READS) return;
    const { file, read, now } = this.#options;
    this.#begun += 1;
    this.#underWay += 1;
    const turn = this.#begun;
    const late = off(`cannot be read within ${READ_MS} ms`);
    this.#forgive();
    this.#forgive = fairTimer(READ_MS, now, () => this.#count(turn, late));
    void read(file)
      .then((reading) => this.#count(turn, reading))
      .finally(() => (this.#underWay -= 1));
  }

  #count(turn: number, reading: SwitchReading): void {
    if (this.#isStopped || turn <= this.#counted) return;
    this.#counted = turn;
    this.#forgive();
    // Not before a read has come back: to watch a folder of a file system that is stuck would hold up the whole process.
    if (reading.isOn && this.#watcher === undefined) this.#watchFolder();
    this.#options.onReading(reading);
  }

  /** Looking four times a second does without it where the kernel tells nothing, as of /sys. */
  #watchFolder(): void {
    const { file } = this.#options;
    try {
      this.#watcher = watch(path.dirname(file), { persistent: false }, (_, name) => {
        if (name === null || name === path.basename(file)) this.#look();
      });
      this.#watcher.on('error', () => this.#watcher?.close());
    } catch {
      // No watches left, or the folder is gone.
    }
  }
}
