import { open } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Head } from './head.js';
import { readEnd } from './log-end.js';
import { logFiles, type LogFile } from './log-files.js';
import { linesOf } from './log-reader.js';
import { decodeLine } from './record.js';

/** How often the file is looked for: one that is being compressed goes away just when its successor is whole. */
const ATTEMPTS = 3;
const AGAIN_MS = 100;

/** What stands before an empty file of a chain. */
export interface Predecessor {
  /** The last record: the farthest that is known; undefined when the file begins a chain. */
  readonly end: Head | undefined;
  /** Name of the file that ends with that record; undefined when there is none beside the log. */
  readonly file: string | undefined;
}

/**
 * Looks beside the log for what goes before it. `known` are the ends that others know, the most certain first; its
 * chain counts. @throws Error with an errno.
 */
export async function predecessor(log: string, known: readonly (Head | undefined)[]): Promise<Predecessor> {
  for (let attempt = 1; ; attempt += 1) {
    const found = await lookFor(log, known);
    if (found.end === undefined || found.file !== undefined || attempt === ATTEMPTS) return found;
    await pause(AGAIN_MS);
  }
}

async function lookFor(log: string, known: readonly (Head | undefined)[]): Promise<Predecessor> {
  const own = path.resolve(log);
  const beside = (await logFiles(own)).filter((one) => one.path !== own && one.chain !== undefined);
  const told = known.filter((end) => end !== undefined);
  const chain = told[0]?.chain ?? beside.at(-1)?.chain;
  const ofChain = beside.filter((one) => one.chain === chain);
  // While one is being compressed it is there twice.
  const newest = ofChain.filter(({ firstSeq }) => firstSeq === ofChain.at(-1)?.firstSeq);
  const ends = await Promise.all(newest.map(async (one) => ({ file: one.path, end: await endOf(one) })));
  const all = [...told, ...ends.map(({ end }) => end)].filter((end) => end?.chain === chain);
  const end = all.reduce(farther, undefined);
  const file = ends.find((one) => one.end?.seq === end?.seq && one.end?.hash === end?.hash)?.file;
  return { end, file: file === undefined ? undefined : path.basename(file) };
}

/** Undefined when it cannot be read, or has no record near its end. */
async function endOf({ path: file, chain = '' }: LogFile): Promise<Head | undefined> {
  const last = await (file.endsWith('.gz') ? lastPacked(file) : lastPlain(file)).catch(() => undefined);
  return last === undefined ? undefined : { chain, seq: last.seq, hash: last.hash };
}

async function lastPlain(file: string) {
  const handle = await open(file, 'r');
  try {
    const found = await readEnd(handle, (await handle.stat()).size);
    return found.kind === 'end' ? found.last : undefined;
  } finally {
    await handle.close();
  }
}

/** What is packed can be read from its beginning only. */
async function lastPacked(file: string) {
  let last: ReturnType<typeof decodeLine> | undefined;
  for await (const bytes of linesOf(file)) {
    const line = decodeLine(bytes);
    if (typeof line !== 'string') last = line;
  }
  return typeof last === 'string' ? undefined : last;
}

function farther(one: Head | undefined, other: Head | undefined): Head | undefined {
  return one !== undefined && one.seq >= (other?.seq ?? 0) ? one : other;
}
