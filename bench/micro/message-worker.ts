import { setImmediate as turn } from 'node:timers/promises';
import { MessageChannel, parentPort, threadId } from 'node:worker_threads';
import type { SessionSummary, SessionTask, WorkerHello } from '../../contract/messages.js';
import { Reporter } from '../../workers/session/reporter.js';

/*
 * A worker thread whose sessions do nothing but report. The messages, their coalescing and the ports they travel by
 * are those of the real worker; a session's steps lie in different turns of the event loop, as they do with sockets.
 */
if (parentPort === null) throw new Error('message-worker runs in a worker thread only');

const { port1: port, port2: remotePort } = new MessageChannel();
const reporter = new Reporter(
  { changedCounters: () => [], loopDelay: () => undefined, heldBytes: () => 0 },
  (report) => port.postMessage(report),
);
const hello: WorkerHello = { kind: 'worker-hello', threadId, port: remotePort };
parentPort.postMessage(hello, [remotePort]);

/** One session's life in messages: started, opened, closing, and the summary as the task's result. */
export default async function runSession({ sessionId }: SessionTask): Promise<SessionSummary> {
  const ending = { outcome: 'ended', reason: 'cloud-close', detail: 'the cloud closed with 1000' } as const;
  reporter.started(sessionId);
  await turn();
  reporter.opened(sessionId, 48.25);
  await turn();
  reporter.closing(sessionId, ending);
  await turn();
  reporter.flush();
  const totals = { uplinkBytes: 73_400_320, downlinkBytes: 51_204, setupMs: 48.25, durationMs: 184_220.5 };
  return { sessionId, ...totals, ...ending };
}
