import net from 'node:net';
import { Worker } from 'node:worker_threads';
import { until } from './until.js';

/** Listens with the shortest queue, says where, and stops: a blocked thread accepts nothing. */
const BLOCKED_LISTENER = `
  const { parentPort, workerData } = require('node:worker_threads');
  const server = require('node:net').createServer();
  server.listen({ ...workerData.at, backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    setImmediate(() => Atomics.wait(workerData.gate, 0, 0));
  });
`;

/** With a backlog of 1 Linux queues two connections; the SYN of a third one is dropped. */
const QUEUE = 2;

/** A loopback address and port that answers no SYN: a host that is switched off, without leaving the machine. */
export class SilentPort {
  private constructor(
    readonly host: string,
    readonly port: number,
    private readonly worker: Worker,
    private readonly queued: readonly net.Socket[],
  ) {}

  static async on(host: string, port = 0): Promise<SilentPort> {
    const gate = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(BLOCKED_LISTENER, { eval: true, workerData: { at: { host, port }, gate } });
    const actual = await until(
      'a listener',
      new Promise<number>((resolve) => worker.once('message', resolve)),
    );
    const queued = await Promise.all(Array.from({ length: QUEUE }, () => connected(host, actual)));
    return new SilentPort(host, actual, worker, queued);
  }

  async close(): Promise<void> {
    for (const socket of this.queued) socket.destroy();
    await this.worker.terminate();
  }
}

function connected(host: string, port: number): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host, port });
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
  });
}
