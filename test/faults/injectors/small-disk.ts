import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { command } from './command.js';

/** A disk in memory that is soon full. It exists in the mount namespace of the row only. */
export class SmallDisk {
  private constructor(readonly folder: string) {}

  /** @param bytes rounded up to pages by the kernel. */
  static mount(folder: string, bytes: number): SmallDisk {
    mkdirSync(folder, { recursive: true });
    command('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=0700`, 'tmpfs', folder]);
    return new SmallDisk(folder);
  }

  /** Fills it to the last byte. */
  fill(): void {
    try {
      for (let index = 0; index < 100_000; index++) {
        writeFileSync(path.join(this.folder, 'filler'), Buffer.alloc(4_096), { flag: 'a' });
      }
    } catch {
      // ENOSPC is what was wanted.
    }
  }

  /** Undoes fill(). */
  free(): void {
    rmSync(path.join(this.folder, 'filler'), { force: true });
  }

  /** `ro` or `rw`. */
  remount(mode: 'ro' | 'rw'): void {
    command('mount', ['-o', `remount,${mode}`, this.folder]);
  }

  unmount(): void {
    command('umount', ['-l', this.folder]);
  }
}
