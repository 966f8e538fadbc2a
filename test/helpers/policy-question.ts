import type { Conduit } from '../../src/config/config.js';
import { ConduitTable } from '../../src/policy/conduit-table.js';
import { NO_SESSIONS, type Question } from '../../src/policy/question.js';
import { GatewayAddresses } from '../../src/policy/reach.js';

/** A conduit on line 10, 20, 30 … of gatehouse.yaml; `ports` as inclusive pairs, 22 when not said. */
export function conduit(line: number, host: string, more: Partial<Conduit> = {}): Conduit {
  return {
    name: `c${line}`,
    host,
    ports: [{ from: 22, to: 22 }],
    maxSessions: undefined,
    idleTimeoutMs: undefined,
    sessionDurationMs: undefined,
    window: undefined,
    timeZone: 'UTC',
    bandwidthBytesPerSecond: undefined,
    exclusive: false,
    approval: false,
    source: { file: 'gatehouse.yaml', line },
    ...more,
  };
}

/** A gateway with the addresses 10.0.5.1/24 and fd00:5::1/64 and its admin listener on 127.0.0.1:7980. */
export const GATEWAY = new GatewayAddresses({ kind: 'tcp', host: '127.0.0.1', port: 7980 }, [
  '127.0.0.1/8',
  '10.0.5.1/24',
  'fd00:5::1/64',
]);

/** A question about port 22 of an address, or of a name with its addresses. */
export function question(
  conduits: readonly Conduit[] | ConduitTable,
  hostname: string,
  more: Partial<Question> = {},
): Question {
  return {
    hostname,
    addresses: [hostname],
    port: 22,
    child: undefined,
    conduits: conduits instanceof ConduitTable ? conduits : new ConduitTable(conduits),
    gateway: GATEWAY,
    limits: { sessions: 100, sessionsPerTarget: 10 },
    counts: NO_SESSIONS,
    nowMs: 0,
    ...more,
  };
}
