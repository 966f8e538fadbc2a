import { constants } from 'node:fs';
import { open, readFile, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { sha256, type Position } from './record.js';

/** Where a chain had got to. */
export interface Head extends Position {
  readonly chain: string;
}

/** The file always has this length, so that one write replaces all of it. */
const HEAD_BYTES = 192;

/**
 * The file in the state directory for a log. While a reload names another log, both are written: each has a head of its
 * own.
 */
export function headPath(stateDirectory: string, logFile: string): string {
  return path.join(stateDirectory, `audit.head.${sha256(path.resolve(logFile)).slice(0, 8)}`);
}

/**
 * Keeps the place of the newest record apart from the log, so that a log whose end was cut off can be told. It is
 * written after the record and is not synced: after a power cut it may be behind the log, and never before it.
 */
export class HeadFile {
  #handle: FileHandle | undefined;

  constructor(readonly path: string) {}

  /** Undefined when there is none, or it cannot be read. */
  async read(): Promise<Head | undefined> {
    const text = await readFile(this.path, 'latin1').catch(() => '');
    return parseHead(text);
  }

  /** Never rejects: without it only a cut of the end goes unseen. */
  async write({ chain, seq, hash }: Head): Promise<void> {
    const text = JSON.stringify({ chain, seq, hash }).padEnd(HEAD_BYTES - 1);
    try {
      this.#handle ??= await open(this.path, constants.O_WRONLY | constants.O_CREAT, 0o600);
      await this.#handle.write(`${text}\n`, 0);
    } catch {
      // Said nothing of: the log itself tells when the disk fails.
      await this.close();
    }
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close().catch(() => undefined);
  }
}

/** What a head file says. */
export function parseHead(text: string): Head | undefined {
  try {
    const value = JSON.parse(text) as Partial<Record<string, unknown>> | null;
    const { chain, seq, hash } = value ?? {};
    if (typeof chain !== 'string' || typeof seq !== 'number' || typeof hash !== 'string') return undefined;
    return Number.isSafeInteger(seq) && /^[0-9a-f]{64}$/.test(hash) ? { chain, seq, hash } : undefined;
  } catch {
    return undefined;
  }
}
