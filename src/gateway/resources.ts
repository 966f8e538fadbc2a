import { performance } from 'node:perf_hooks';
import { ResourceWatch, type WatchLog } from '../resources/resource-watch.js';
import type { SessionPool } from '../supervisor/pool.js';
import type { Supervisor } from '../supervisor/supervisor.js';

export interface WatchedParts {
  readonly log: WatchLog;
  readonly pool: SessionPool;
  readonly supervisor: Supervisor;
  /** limits.memory in bytes; 0 = not watched. */
  readonly memoryLimit: () => number;
  /** limits.sessions. */
  readonly maxSessions: () => number;
}

/** The watch over what the agent uses up, joined to who uses it. */
export function watchResources({
  log,
  pool,
  supervisor,
  memoryLimit,
  maxSessions,
}: WatchedParts): ResourceWatch {
  return new ResourceWatch({
    log,
    memoryLimit,
    maxSessions,
    pids: () => pool.pids,
    sessions: () => supervisor.registry.sessions,
    weigh: () => {
      for (const worker of pool.workers) pool.send(worker, { kind: 'weigh' });
    },
    shed: (sessionId, detail) => void supervisor.close(sessionId, 'overload', detail),
    now: () => performance.now(),
  });
}
