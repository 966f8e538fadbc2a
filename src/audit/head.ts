import { constants } from 'node:fs';
import { open, readdir, readFile, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { sha256, type Position } from './record.js';

/** Where a chain had got to. */
export interface Head extends Position {
  readonly chain: string;
}

/** What a head file holds beside the log's path. It always has one length, so that one write replaces all of it. */
const HEAD_CHARACTERS = 224;

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
  readonly #log: string;
  #handle: FileHandle | undefined;

  /** `file` is its own path, as headPath gives it; `log` is that of the log. */
  constructor(
    private readonly file: string,
    log: string,
  ) {
    this.#log = path.resolve(log);
  }

  /** Undefined when there is none, or it cannot be read. */
  async read(): Promise<Head | undefined> {
    return (await contentOf(this.file))?.head;
  }

  /**
   * `isSettled`: no session is open in the log any more, nor will be before the next write. Never rejects: without it
   * only a cut of the end goes unseen.
   */
  async write({ chain, seq, hash }: Head, isSettled = false): Promise<void> {
    const content = { chain, seq, hash, log: this.#log, ...(isSettled ? { isSettled } : {}) };
    const text = JSON.stringify(content).padEnd(HEAD_CHARACTERS + JSON.stringify(this.#log).length);
    try {
      this.#handle ??= await open(this.file, constants.O_WRONLY | constants.O_CREAT, 0o600);
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

/** The logs that have a head here and may have sessions open in them, whatever the configuration names by now. */
export async function unsettledLogs(stateDirectory: string): Promise<string[]> {
  const names = await readdir(stateDirectory).catch(() => []);
  const heads = names.filter((name) => HEAD_NAME.test(name)).map((name) => path.join(stateDirectory, name));
  const contents = await Promise.all(heads.map(async (file) => ({ file, content: await contentOf(file) })));
  return contents.flatMap(({ file, content }) => {
    const { log, isSettled = false } = content ?? {};
    // A head of another log under this name would be written to from here on.
    return log === undefined || isSettled || headPath(stateDirectory, log) !== file ? [] : [log];
  });
}

/** What a head file says of the chain. */
export function parseHead(text: string): Head | undefined {
  return parse(text)?.head;
}

const HEAD_NAME = /^audit\.head\.[0-9a-f]{8}$/;

interface Content {
  readonly head: Head;
  /** Undefined in those of earlier versions. */
  readonly log: string | undefined;
  readonly isSettled: boolean;
}

async function contentOf(file: string): Promise<Content | undefined> {
  return parse(await readFile(file, 'utf8').catch(() => ''));
}

function parse(text: string): Content | undefined {
  try {
    // Behind the first line may stand what is left of a longer one.
    const value = JSON.parse(text.split('\n', 1)[0] ?? '') as Partial<Record<string, unknown>> | null;
    const { chain, seq, hash, log, isSettled } = value ?? {};
    if (typeof chain !== 'string' || typeof seq !== 'number' || typeof hash !== 'string') return undefined;
    if (!Number.isSafeInteger(seq) || !/^[0-9a-f]{64}$/.test(hash)) return undefined;
    const head = { chain, seq, hash };
    return { head, log: typeof log === 'string' ? log : undefined, isSettled: isSettled === true };
  } catch {
    return undefined;
  }
}
