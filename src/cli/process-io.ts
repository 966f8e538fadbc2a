import type { Readable, Writable } from 'node:stream';

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
    },
    onSignal: (signal, listener) => void process.on(signal, listener),
  };
}
