import type { SessionSummary, SessionTask } from '../../../contract/messages.js';
import { SessionPool } from '../../../src/supervisor/pool.js';
import { SessionHost } from '../../../workers/session/session-host.js';
import { agentArguments } from './arguments.js';
import { keepOpen } from './keep-open.js';

/*
 * Gatehouse's data plane without what is around it: sessions in this thread, or in the pool that the agent uses.
 */
const given = agentArguments();
const runTask = given.workers === 0 ? inThisThread() : inThePool();
keepOpen(given, (session) => runTask(task(session)));

function inThisThread(): (task: SessionTask) => Promise<SessionSummary> {
  const host = new SessionHost({ ca: given.ca, minTlsVersion: 'TLSv1.2' }, () => undefined);
  return (wanted) => host.run(wanted);
}

function inThePool(): (task: SessionTask) => Promise<SessionSummary> {
  const ignore = (): void => undefined;
  const events = { onWorkerUp: ignore, onWorkerDown: ignore, onReport: ignore, onFatal: ignore };
  const pool = new SessionPool({
    workers: given.workers,
    settings: { ca: given.ca, minTlsVersion: 'TLSv1.2' },
    events,
  });
  return (wanted) => pool.run(wanted);
}

/** A session with the limits of a fresh configuration, but no end for being idle or old. */
function task(session: number): SessionTask {
  const { host, cloudPort, targetPort, cloudUrl } = given;
  return {
    sessionId: `bench-${session}`,
    target: { host, port: targetPort, addresses: [host] },
    tunnel: {
      url: cloudUrl,
      authorization: 'Basic YmVuY2g6YmVuY2g=',
      endpoint: { host: 'localhost', port: cloudPort, addresses: [host] },
    },
    limits: {
      connectTimeoutMs: 20_000,
      idleTimeoutMs: 0,
      sessionDurationMs: 0,
      bootstrapBufferBytes: 65_536,
      bufferBytes: 262_144,
      maxMessageBytes: given.maxMessageBytes,
      webSocketPingMs: 20_000,
    },
  };
}
