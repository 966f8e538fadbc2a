import { MessageChannel, parentPort, threadId, workerData } from 'node:worker_threads';
import { HEARTBEAT_MS } from '../contract/limits.js';
import type {
  SessionSummary,
  SessionTask,
  ThreadSettings,
  WorkerCommand,
  WorkerHello,
} from '../contract/messages.js';
import { SessionHost } from './session/session-host.js';

/*
 * What runs in a worker thread. piscina calls the default export once per session; everything else travels over one
 * port per thread, which is handed up as soon as the thread runs.
 */
if (parentPort === null) throw new Error('session-worker runs in a worker thread only');

const settings = workerData as ThreadSettings;
const { port1: port, port2: remotePort } = new MessageChannel();
const host = new SessionHost(settings, (report) => port.postMessage(report));
port.on('message', (command: WorkerCommand) => host.command(command));

const heartbeat = new Int32Array(settings.heartbeat);
setInterval(() => Atomics.add(heartbeat, 0, 1), HEARTBEAT_MS).unref();

const hello: WorkerHello = { kind: 'worker-hello', threadId, port: remotePort };
parentPort.postMessage(hello, [remotePort]);

/** One session, from dial to close. */
export default function runSession(task: SessionTask): Promise<SessionSummary> {
  return host.run(task);
}
