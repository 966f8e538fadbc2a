import { TargetServer } from '../ends/target-server.js';
import type { TargetCounts } from '../ends/target-session.js';
import { serveParent } from './child-side.js';

/*
 * The target end as a process: devices on loopback that speak the traffic protocol.
 */

export interface TargetStart {
  /** Ports to open, each one target. */
  readonly targets: number;
  readonly damagedOffset: number | undefined;
}

export interface TargetCalls {
  start: { argument: TargetStart; result: readonly number[] };
  sample: { argument: undefined; result: TargetCounts };
}

const counts: TargetCounts = { connections: 0, requests: 0, verifiedBytes: 0, faults: 0 };

serveParent<TargetCalls>({
  calls: {
    start: async ({ targets, damagedOffset }) => {
      const options = { host: '127.0.0.1', port: 0, damagedOffset };
      const servers = await Promise.all(
        Array.from({ length: targets }, () => TargetServer.start(options, counts)),
      );
      return servers.map(({ port }) => port);
    },
    sample: () => counts,
  },
});
