import { chmod, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { errnoOf, StateError } from './state-error.js';

/** What is kept of each generation: `journal.7`, `events.7`. */
export type JournalKind = 'journal' | 'events';

const OURS = /^(journal|events)\.([1-9][0-9]{0,14})$/;

/** Damaged files that are kept. The first few tell what happens; a disk that goes on damaging must not fill up. */
const MAX_DAMAGED_FILES = 8;

/**
 * Makes the directory when it is missing, mode 0700, and checks one that is there.
 * @throws StateError with what to change.
 */
export async function prepareStateDirectory(directory: string): Promise<void> {
  try {
    await makeDirectory(path.resolve(directory));
    await check(directory);
  } catch (error) {
    if (error instanceof StateError) throw error;
    const cause = errnoOf(error) ?? String(error);
    const sentence = `The state directory ${directory} cannot be used (${cause}): create it for the user of the agent with mode 0700, name another one with state.directory, or set that to off.`;
    throw new StateError('unusable', sentence, { cause: error });
  }
}

/** Generations that have a journal in the directory, ascending; none when it does not exist. */
export async function journalGenerations(
  directory: string,
  kind: JournalKind = 'journal',
): Promise<number[]> {
  const names = await readdir(directory).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  });
  const numbers = names.flatMap((name) => {
    const [, found, generation] = OURS.exec(name) ?? [];
    return found === kind ? [Number(generation)] : [];
  });
  return numbers.sort((one, other) => one - other);
}

/** The file of one generation. */
export function journalPath(directory: string, generation: number, kind: JournalKind = 'journal'): string {
  return path.join(directory, `${kind}.${generation}`);
}

/** Makes what was created, renamed or removed in the directory survive a power cut. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Renames a damaged file, so that it can be looked at, and gives the new name. Keeps the last few of them only. */
export async function setAside(
  directory: string,
  generation: number,
  nowMs: number,
  kind: JournalKind = 'journal',
): Promise<string> {
  const what = kind === 'journal' ? generation : `${kind}.${generation}`;
  const name = `damaged.${new Date(nowMs).toISOString().replace(/[:.]/g, '-')}.${what}`;
  await rename(journalPath(directory, generation, kind), path.join(directory, name));
  const damaged = (await readdir(directory)).filter((each) => each.startsWith('damaged.')).sort();
  for (const each of damaged.slice(0, -MAX_DAMAGED_FILES))
    await rm(path.join(directory, each), { force: true });
  await syncDirectory(directory);
  return name;
}

/**
 * Makes a directory and those above it that are missing, mode 0700. Not mkdir's own recursion: Node's never ends where
 * a parent exists and still nothing can be made, as in /proc. @throws Error with an errno.
 */
export async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { mode: 0o700 });
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'EEXIST') return;
    if (errno !== 'ENOENT' || path.dirname(directory) === directory) throw error;
    await makeDirectory(path.dirname(directory));
    await mkdir(directory, { mode: 0o700 });
  }
}

async function check(directory: string): Promise<void> {
  const found = await stat(directory);
  if (!found.isDirectory()) throw Object.assign(new Error('not a directory'), { code: 'ENOTDIR' });
  const { uid, mode } = found;
  const self = process.geteuid?.();
  if (self !== undefined && uid !== self) {
    const sentence = `The state directory ${directory} belongs to user ${uid} and the agent runs as ${self}: chown it, or name another one with state.directory.`;
    throw new StateError('unusable', sentence);
  }
  // What others may write could be forged; that they could read it is put right here.
  if ((mode & 0o022) !== 0) {
    const octal = (mode & 0o777).toString(8).padStart(4, '0');
    const sentence = `The state directory ${directory} can be written by others (mode ${octal}): chmod 0700 it, or name another one with state.directory.`;
    throw new StateError('unusable', sentence);
  }
  if ((mode & 0o055) !== 0) await chmod(directory, 0o700);
}
