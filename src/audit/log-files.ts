import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { errnoOf } from '../journal/state-error.js';
import { linesOf } from './log-reader.js';
import { decodeLine, membersOf } from './record.js';

/** Most files of one log that are looked at; at 16 MiB each they are 16 GiB. */
const MAX_FILES = 1_000;

/** One file of a log, with what its first record says. */
export interface LogFile {
  readonly path: string;
  /** Number of its first record; when that cannot be read the one in its name, else Infinity. */
  readonly firstSeq: number;
  /** Undefined when its first line is not one that a file begins with. */
  readonly chain: string | undefined;
}

/** What the agent calls a file that is full: its first record's number keeps them in order. */
export function rotatedName(file: string, firstSeq: number): string {
  return `${file}.${String(firstSeq).padStart(12, '0')}`;
}

/**
 * The files of a log in the order of their records: the one that is written, and those beside it with a further ending,
 * whoever gave it to them. What is no audit log is left out, except where its name says that it was one.
 * @throws Error with an errno.
 */
export async function logFiles(file: string): Promise<LogFile[]> {
  const { dir, base } = path.parse(path.resolve(file));
  const names = await readdir(dir).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  });
  // logrotate puts a number behind a dot, and with `dateext` a date behind a hyphen.
  const isOurs = (name: string): boolean => name.startsWith(`${base}.`) || name.startsWith(`${base}-`);
  const ours = names.filter((name) => name === base || (isOurs(name) && !isAside(name)));
  const found: LogFile[] = [];
  for (const name of ours.sort().slice(-MAX_FILES)) {
    const described = await describe(path.join(dir, name));
    if (described.firstSeq !== Infinity || name === base) found.push(described);
  }
  return inOrder(found);
}

/** Files by the number of their first records. */
export function inOrder(files: readonly LogFile[]): LogFile[] {
  return [...files].sort((one, other) => one.firstSeq - other.firstSeq);
}

/** What a file says of itself; never rejects. */
export async function describe(file: string): Promise<LogFile> {
  const named = /\.(\d{12})$/.exec(file)?.[1];
  const unknown = { path: file, firstSeq: named === undefined ? Infinity : Number(named), chain: undefined };
  try {
    for await (const bytes of linesOf(file)) {
      const line = decodeLine(bytes);
      if (typeof line === 'string') return unknown;
      const { chain } = membersOf(bytes);
      return { path: file, firstSeq: line.seq, chain: typeof chain === 'string' ? chain : undefined };
    }
  } catch {
    // Whoever reads it next says why it cannot be read.
  }
  return unknown;
}

/** Whether a name is of something that the agent puts beside the log, and no part of it. */
export function isAside(name: string): boolean {
  return name.includes('.lock') || name.includes('.torn-');
}
