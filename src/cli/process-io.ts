import type { Readable, Writable } from 'node:stream';
import { EXIT } from '../exit-codes.js';

/** The process as the commands see it. */
export interface ProcessIo {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly columns?: number; readonly rows?: number; readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly columns?: number; readonly isTTY?: boolean };
  /** Standard output as a stream of bytes. */
  readonly output: Writable;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Calls `stop` at the first SIGINT or SIGTERM; a second one exits at once. */
  onInterrupt(stop: () => void): void;
  onSignal(signal: 'SIGHUP' | 'SIGUSR2', listener: () => void): void;
}

/** The real process. */
export function processIo(): ProcessIo {
  const { stdin, stdout, stderr, env } = process;
  const outputs = new Outputs(stdout, stderr);
  return {
    stdin,
    stdout,
    stderr,
    output: stdout,
    env,
    cwd: process.cwd(),
    onInterrupt: (stop) => {
      let isStopping = false;
      const onSignal = (): void => {
        // The second one means now, with whatever is still open.
        if (isStopping) process.exit(1);
        isStopping = true;
        stop();
      };
      process.on('SIGINT', onSignal);
      process.on('SIGTERM', onSignal);
      // Not counted as an interrupt: Ctrl-C of a whole pipe brings both, and the second one would mean now.
      outputs.onGone(stop);
    },
    onSignal: (signal, listener) => void process.on(signal, listener),
  };
}

/**
 * Outputs that somebody may stop reading (`gatehouse check | head`). What is still written to them is lost, and no error:
 * a command goes on to its exit code, one that would go on for ever is stopped and cleans up.
 */
class Outputs {
  #isGone = false;
  readonly #stops: (() => void)[] = [];

  constructor(stdout: Writable, stderr: Writable) {
    stdout.on('error', (error: NodeJS.ErrnoException) => {
      // A full disk is worth a word; a reader that has left is not.
      if (!this.#isGone && error.code !== 'EPIPE') {
        stderr.write(`gatehouse: standard output cannot be written: ${error.code ?? error.message}\n`);
        process.on('exit', (code) => (process.exitCode = code || EXIT.failed));
      }
      this.#isGone = true;
      for (const stop of this.#stops.splice(0)) stop();
    });
    // The agent itself writes there only what is in its log as well, and must not end with whoever read it.
    stderr.on('error', () => undefined);
  }

  /** Calls `stop` once standard output is gone. */
  onGone(stop: () => void): void {
    if (this.#isGone) stop();
    else this.#stops.push(stop);
  }
}
