import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { isWorkerHello, type SessionSummary, type SessionTask } from '../../contract/messages.js';
import type { MicroBench } from './harness/micro-bench.js';

/** Relative to this file in the source as in the build. */
const WORKER_FILE = fileURLToPath(new URL('message-worker.js', import.meta.url));

/** Longest wait for the thread to start, in ms. */
const START_MS = 10_000;

/** Sessions at a time: alone, where each message wakes a thread, and in a storm, where messages are coalesced. */
const AT_A_TIME = [1, 64] as const;

/** What a session's life costs in messages between the main thread and its worker, dials and bytes left out. */
export function messageBenches(): readonly MicroBench[] {
  return AT_A_TIME.map((count) => ({
    name: `messages of a session, ${count} at a time`,
    operations: count,
    isAsync: true,
    prepare: async () => {
      const { pool, port } = await startWorker();
      const tasks = Array.from({ length: count }, (_, place) => task(`${place}`.padStart(10, '0')));
      return {
        run: () => Promise.all(tasks.map((one) => pool.run(one))),
        close: async () => {
          port.close();
          await pool.destroy();
        },
      };
    },
  }));
}

/** One worker thread, with the options of the session pool, and the port its reports come by. */
async function startWorker(): Promise<{ pool: Piscina<SessionTask, SessionSummary>; port: MessagePort }> {
  const pool = new Piscina<SessionTask, SessionSummary>({
    filename: WORKER_FILE,
    minThreads: 1,
    maxThreads: 1,
    concurrentTasksPerWorker: Number.MAX_SAFE_INTEGER,
    atomics: 'disabled',
    idleTimeout: Infinity,
    recordTiming: false,
  });
  const [hello] = (await once(pool, 'message', { signal: AbortSignal.timeout(START_MS) })) as unknown[];
  if (!isWorkerHello(hello)) throw new Error('the worker did not say hello first');
  // Reports are received, as the supervisor does; what it then does with them is not measured here.
  hello.port.on('message', () => undefined);
  return { pool, port: hello.port };
}

/** A task of ordinary size: it is copied from thread to thread. */
function task(sessionId: string): SessionTask {
  return {
    sessionId,
    target: { host: '10.7.3.31', port: 5900, addresses: ['10.7.3.31'] },
    tunnel: {
      url: 'wss://plant.example.com/service/remoteaccess/device/77c20b8f-3a52-4f0c-9a35-5d3c1e7f9b10',
      authorization: `Basic ${Buffer.from('t1/device_4711:not-a-secret').toString('base64')}`,
      endpoint: { host: 'plant.example.com', port: 443, addresses: ['192.0.2.10', '192.0.2.11'] },
    },
    limits: {
      connectTimeoutMs: 10_000,
      idleTimeoutMs: 0,
      sessionDurationMs: 0,
      bootstrapBufferBytes: 65_536,
      bufferBytes: 262_144,
      maxMessageBytes: 16_777_216,
      webSocketPingMs: 20_000,
    },
  };
}
