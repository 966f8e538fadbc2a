import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { eventually } from './eventually.js';

/** A process that echoes; its queue of connections that wait to be accepted has the smallest size there is. */
const PROGRAM = `
  require('node:net')
    .createServer((socket) => socket.on('error', () => {}).pipe(socket))
    .listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () { console.log(this.address().port); });
`;

/** Connections that fill the queue: Linux lets one more in than the backlog says, and others may round up. */
const FILLERS = 8;

/**
 * An echo target that cannot be connected to until thaw(): a stopped process whose queue of connections is full, so
 * that the kernel drops what else wants to connect, as it does for a device that is starting or far too busy.
 */
export class FrozenTarget {
  private constructor(
    readonly port: number,
    private readonly child: ChildProcess,
    private readonly fillers: readonly Socket[],
  ) {}

  static async start(): Promise<FrozenTarget> {
    const child = spawn(process.execPath, ['-e', PROGRAM], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    const port = Number(line);
    child.kill('SIGSTOP');
    const fillers = Array.from({ length: FILLERS }, () =>
      connect({ port, host: '127.0.0.1' }).on('error', () => undefined),
    );
    await eventually(() => fillers.some((filler) => !filler.connecting) || undefined, 'a full queue');
    return new FrozenTarget(port, child, fillers);
  }

  /** From now on connections are accepted; one that was dropped is tried again by the kernel, after a second or so. */
  thaw(): void {
    for (const filler of this.fillers) filler.destroy();
    this.child.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    for (const filler of this.fillers) filler.destroy();
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }
}
