import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { CommandLine } from './peer.js';
import { processTree } from './linux/process-tree.js';

/** Characters of error output kept to explain a process that ended. */
const MAX_ERROR_TEXT = 2_000;

/** Longest wait for a killed process to be gone, in ms. */
const GONE_MS = 5_000;

/** A process that the bench started. */
export interface Child {
  readonly pid: number;
  readonly input: Writable;
  readonly output: Readable;
  /** The last of what it wrote to its error output. */
  errorText(): string;
  /** Settles when it ends, however that comes. */
  readonly ended: Promise<void>;
}

/** All processes that the bench started and that may still run, with what they started: each is ended by its id. */
export class Children {
  readonly #running = new Map<number, Child>();

  /** Starts a program, on given cores when there are any. @throws Error when it cannot be started. */
  async start(commandLine: CommandLine, cores: readonly number[] = []): Promise<Child> {
    const pinned =
      cores.length === 0 ? commandLine : (['taskset', '-c', cores.join(','), ...commandLine] as const);
    const [program, ...parameters] = pinned;
    const started = spawn(program, parameters, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    const child = await watch(started, commandLine[0]);
    this.#running.set(child.pid, child);
    void child.ended.then(() => {
      this.#running.delete(child.pid);
      kill(-child.pid);
    });
    return child;
  }

  /** Ends one, and waits until it is gone. */
  async end(child: Child): Promise<void> {
    killTree(child.pid);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, GONE_MS)));
    await Promise.race([child.ended, late]);
    clearTimeout(timer);
  }

  /** Ends all, at once and without waiting: for the end of the bench itself. */
  killAll(): void {
    for (const pid of this.#running.keys()) killTree(pid);
  }
}

async function watch(
  started: ChildProcessByStdio<Writable, Readable, Readable>,
  name: string,
): Promise<Child> {
  let errorText = '';
  started.stderr.setEncoding('utf8').on('data', (text: string) => {
    errorText = (errorText + text).slice(-MAX_ERROR_TEXT);
  });
  // It may end before it has read what we write.
  started.stdin.on('error', () => undefined);
  const ended = new Promise<void>((resolve) => started.once('exit', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    started.once('spawn', resolve);
    started.once('error', (error) => reject(new Error(`${name} cannot be started: ${error.message}`)));
  });
  const { pid = 0, stdin: input, stdout: output } = started;
  return { pid, input, output, ended, errorText: () => errorText.trim() };
}

/** Descendants first, so that no parent starts another in their place. */
function killTree(pid: number): void {
  for (const member of processTree(pid).reverse()) kill(member);
}

/** Ends a process, or with a negative number the group that one of ours leads. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}
