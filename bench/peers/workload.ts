import { DEFAULTS, type Role, type TrafficSettings } from '../traffic/settings.js';

/** What a bench can have the peers do. */
export const WORKLOADS = ['up', 'down', 'both', 'mixed', 'echo', 'churn'] as const;

/** As the modes of the generator; `mixed` is both directions at full speed with half of the sessions echoing beside. */
export type Workload = (typeof WORKLOADS)[number];

export interface Amount {
  readonly sessions: number;
  readonly seconds: number;
  readonly tls: boolean;
}

/** A run is looked at in windows of this length, in ms: long against the 10 ms ticks of the machine's counters. */
const WINDOW_MS = 1_000;

/** What the generator is to do for a workload. */
export function trafficFor(
  workload: Workload,
  { sessions, seconds, tls }: Amount,
  role: Role,
  dialPort: number,
): TrafficSettings {
  const durationMs = seconds * 1_000;
  return {
    ...DEFAULTS,
    role,
    dialPort: role === 'ws-server' ? undefined : dialPort,
    // Where the generator has no WebSocket server, TLS is a matter between the halves of the peer.
    tls: tls && role === 'ws-server',
    mode: workload === 'mixed' ? 'both' : workload,
    sessions,
    echoSessions: workload === 'mixed' ? Math.ceil(sessions / 2) : 0,
    warmUpMs: Math.min(1_000, durationMs / 2),
    durationMs,
    windowMs: Math.min(WINDOW_MS, durationMs),
  };
}
