import type { Conduit } from '../../src/config/config.js';
import { ConduitTable } from '../../src/policy/conduit-table.js';
import { decide } from '../../src/policy/decide.js';
import { NO_SESSIONS, type Decision, type Question } from '../../src/policy/question.js';
import { GatewayAddresses } from '../../src/policy/reach.js';
import type { MicroBench } from './harness/micro-bench.js';

/** A large site. Its conduits are addresses, names and networks in turn. */
const CONDUITS = 10_000;

/** Places of the conduits that are asked for: near the end, so that a search from the front would show. */
const LAST = { address: 9_999, name: 9_997, network: 9_998 } as const;

/** What one policy decision costs, by what the conduit names; `denied` finds none. */
export function decisionBenches(): readonly MicroBench[] {
  const name = hostOf(LAST.name);
  return [
    deciding('by address', hostOf(LAST.address), hostOf(LAST.address), 'allow'),
    deciding('by name', name, '192.168.7.7', 'allow'),
    deciding('by network', addressIn(LAST.network), addressIn(LAST.network), 'allow'),
    deciding('denied', '192.168.7.7', '192.168.7.7', 'deny'),
  ];
}

function deciding(what: string, hostname: string, address: string, kind: Decision['kind']): MicroBench {
  return {
    name: `policy at ${CONDUITS} conduits, ${what}`,
    prepare: () => {
      const asked = question(hostname, address);
      const decision = decide(asked);
      if (decision.kind !== kind) throw new Error(`${hostname} should be decided as ${kind}`);
      return { run: () => decide(asked) };
    },
  };
}

function question(hostname: string, address: string): Question {
  return {
    hostname,
    addresses: [address],
    port: 5900,
    child: undefined,
    conduits: new ConduitTable(Array.from({ length: CONDUITS }, (_, place) => conduit(place))),
    gateway: new GatewayAddresses({ kind: 'tcp', host: '127.0.0.1', port: 7980 }, ['10.200.0.1/24']),
    limits: { sessions: 10_000, sessionsPerTarget: 64 },
    counts: NO_SESSIONS,
    nowMs: 0,
  };
}

function conduit(place: number): Conduit {
  return {
    name: `conduit-${place}`,
    host: hostOf(place),
    ports: [{ from: 5900, to: 5900 }],
    maxSessions: 4,
    idleTimeoutMs: undefined,
    sessionDurationMs: undefined,
    window: undefined,
    timeZone: 'UTC',
    bandwidthBytesPerSecond: undefined,
    exclusive: false,
    approval: false,
    source: { file: 'gatehouse.yaml', line: place + 1 },
  };
}

/** 0 an address, 1 a name, 2 a network, 3 an address … each in its own /24. */
function hostOf(place: number): string {
  switch (place % 3) {
    case 0:
      return addressIn(place);
    case 1:
      return `plc-${place}.plant.example`;
    default:
      return addressIn(place).replace(/\d+$/, '0/24');
  }
}

function addressIn(place: number): string {
  return `10.${place >> 8}.${place & 255}.31`;
}
