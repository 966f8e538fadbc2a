import { PassThrough } from 'node:stream';
import type { ProcessIo } from '../../../src/cli/process-io.js';

/** A process without terminal, whose output is kept. */
export class FakeIo implements ProcessIo {
  readonly stdin = new PassThrough();
  readonly stdout: PassThrough = new PassThrough();
  readonly stderr: PassThrough = new PassThrough();
  readonly output = this.stdout;
  readonly env: Record<string, string>;
  readonly cwd: string;
  written = '';
  complained = '';
  /** What SIGINT would call. */
  interrupt: () => void = () => undefined;
  /** The signal comes as soon as somebody listens for it. */
  interruptsAtOnce = false;

  constructor(cwd: string, env: Record<string, string> = {}) {
    this.cwd = cwd;
    this.env = env;
    this.stdout.setEncoding('utf8').on('data', (text: string) => (this.written += text));
    this.stderr.setEncoding('utf8').on('data', (text: string) => (this.complained += text));
  }

  onInterrupt(stop: () => void): void {
    this.interrupt = stop;
    if (this.interruptsAtOnce) stop();
  }

  onSignal(): void {
    // No test sends one.
  }
}
