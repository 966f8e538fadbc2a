import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { headPath, parseHead } from '../audit/head.js';
import { describe, inOrder, isAside, logFiles, type LogFile } from '../audit/log-files.js';
import type { Anchor } from '../audit/verification.js';
import { verifyFiles } from '../audit/verified-files.js';
import { loadConfig } from '../config/load.js';
import { EXIT } from '../exit-codes.js';
import { verdictJson, verdictLines } from './audit/verdict-text.js';
import { Terminal, type Io } from './terminal.js';

export interface AuditVerifyOptions {
  /** Files to go through as one chain; none = all files of the configured log. */
  readonly files: readonly string[];
  /** From --config. */
  readonly config: string | undefined;
  /** From --head. */
  readonly head: string | undefined;
  /** From --anchor: `SEQ:HASH`, as an event in the cloud has them. */
  readonly anchors: readonly string[];
  readonly json: boolean;
}

/**
 * `gatehouse audit verify`: whether a log is as it was written. Gives the exit code: 0 when it is, 1 when it is not or
 * cannot be read, 64 for an anchor that is none, 78 when no audit log is configured.
 * @throws ConfigError
 */
export async function auditVerify(options: AuditVerifyOptions, io: Io): Promise<number> {
  const terminal = new Terminal(io.stdout, io.env);
  const anchors = options.anchors.map(anchorOf);
  if (anchors.some((anchor) => anchor === undefined)) {
    io.stderr.write(
      'gatehouse audit verify: --anchor is SEQ:HASH, as in the event: 4711:9f86d081884c7d65…\n',
    );
    return EXIT.usage;
  }
  const log = await logOf(options, io);
  if (log === undefined) {
    io.stderr.write('There is no audit log: audit.file is off. Name the file, or set audit.file.\n');
    return EXIT.config;
  }
  const head = log.head === undefined ? undefined : await headAnchor(log.head);
  try {
    const verdict = await verifyFiles({
      files: log.files.map(({ path: name }) => name),
      anchors: [...anchors.filter((anchor) => anchor !== undefined), ...(head === undefined ? [] : [head])],
      onProgress: progress(terminal),
    });
    terminal.clear();
    io.stdout.write(
      options.json
        ? `${JSON.stringify(verdictJson(verdict, log), null, 2)}\n`
        : `${verdictLines(verdict, log, terminal).join('\n')}\n`,
    );
    return verdict.fault === undefined ? EXIT.done : EXIT.failed;
  } catch (error) {
    terminal.clear();
    if (!(error instanceof Error) || !('code' in error)) throw error;
    io.stderr.write(`The log cannot be read: ${error.message}\n`);
    return EXIT.failed;
  }
}

/** What is to be verified. */
export interface Log {
  readonly files: readonly LogFile[];
  /** Files beside the log that belong to another chain. */
  readonly others: readonly string[];
  /** Where the newest record's place is kept. */
  readonly head: string | undefined;
}

async function logOf({ files, config: file, head }: AuditVerifyOptions, io: Io): Promise<Log | undefined> {
  const headFile = head === undefined ? undefined : path.resolve(io.cwd, head);
  if (files.length > 0) {
    // `audit.log*` of a shell also finds what the agent puts beside the log.
    const logs = files.filter((name) => files.length === 1 || !isAside(path.basename(name)));
    const described = await Promise.all(logs.map((name) => describe(path.resolve(io.cwd, name))));
    return { files: inOrder(described), others: [], head: headFile };
  }
  const { config } = loadConfig({ file, env: io.env, cwd: io.cwd });
  if (config.audit.file === undefined) return undefined;
  const found = await logFiles(config.audit.file);
  // Where nothing is, reading it says so.
  const all = found.length > 0 ? found : [{ path: config.audit.file, firstSeq: 0, chain: undefined }];
  const { directory } = config.state;
  const chain = all.findLast((one) => one.chain !== undefined)?.chain;
  const isOther = (one: LogFile): boolean => one.chain !== undefined && one.chain !== chain;
  return {
    files: all.filter((one) => !isOther(one)),
    others: all.filter(isOther).map((one) => one.path),
    head: headFile ?? (directory === undefined ? undefined : headPath(directory, config.audit.file)),
  };
}

async function headAnchor(file: string): Promise<Anchor | undefined> {
  const head = parseHead(await readFile(file, 'utf8').catch(() => ''));
  return head && { ...head, source: file };
}

function anchorOf(text: string): Anchor | undefined {
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text.trim()) ?? [];
  if (seq === undefined || hash === undefined) return undefined;
  return { seq: Number(seq), hash, source: `the anchor ${seq}:${hash.slice(0, 8)}…` };
}

/** How far it is, once in a while. */
function progress(terminal: Terminal): (bytes: number, ofBytes: number) => void {
  let shown = -1;
  return (bytes, ofBytes) => {
    const percent = Math.floor((100 * bytes) / Math.max(1, ofBytes));
    if (percent === shown) return;
    shown = percent;
    terminal.progress(`reading … ${percent} %`);
  };
}
