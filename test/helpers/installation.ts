import { cpSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The build, seen from dist/test/helpers. */
const BUILT = fileURLToPath(new URL('../../', import.meta.url));

/** Several versions of this program beside each other, and a link `current` to the one that is installed. */
export class Installations {
  /** The command, by way of the link. */
  readonly main: string;

  constructor(
    private readonly folder: string,
    versions: readonly string[],
  ) {
    for (const version of versions) write(path.join(folder, version), version);
    this.main = path.join(folder, 'current', 'dist', 'src', 'main.js');
    if (versions[0] !== undefined) this.install(versions[0]);
  }

  /** As a package manager does it: in one step. */
  install(version: string): void {
    const next = path.join(this.folder, 'next');
    symlinkSync(version, next);
    renameSync(next, path.join(this.folder, 'current'));
  }
}

function write(folder: string, version: string): void {
  for (const part of ['src', 'workers', 'contract', 'simulator'])
    cpSync(path.join(BUILT, part), path.join(folder, 'dist', part), { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ type: 'module', version }));
  symlinkSync(path.join(BUILT, '..', 'node_modules'), path.join(folder, 'node_modules'));
}
