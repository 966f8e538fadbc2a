import net from 'node:net';
import { normaliseHostname } from '../../cloud/hostname.js';
import type { Conduit, Config } from '../../config/config.js';
import { EXIT } from '../../exit-codes.js';
import { policyOf } from '../../gateway/policy.js';
import { portsOf } from '../../policy/conduit-table.js';
import { decide } from '../../policy/decide.js';
import { NO_SESSIONS, type Decision } from '../../policy/question.js';
import { addressesOf } from './addresses.js';
import { at, dialTcp } from './dial.js';
import type { Place } from './dial.js';
import type { Outcome, Probe } from './probe.js';
import { neverReached, targetFault } from './target-fault.js';

/** Most targets that are tried; at 16 at once and 5 s each this ends within three minutes. */
export const MAX_TARGETS = 500;

/** Most conduits that are named as not tried; the rest is counted. */
const MAX_UNTRIED = 100;

/** Ports of one host that are tried: a conduit that lists more is for whatever may be there. */
const MAX_PORTS = 8;

/** Longest wait for one target, in ms; the plant network is near. */
const TARGET_DEADLINE_MS = 5_000;

/** A host and port that conduits permit. */
interface Target {
  readonly place: Place;
  readonly conduits: Conduit[];
}

/** What the policy says of a target, whatever the hour. */
type Judge = (place: Place, addresses: readonly string[]) => Decision;

/**
 * A probe for every conduit that names its targets one by one; the same target is tried once. Whatever is not tried is
 * named, or counted.
 */
export function targetProbes(config: Config): readonly Probe[] {
  const targets = new Map<string, Target>();
  const untried: Conduit[] = [];
  for (const conduit of config.conduits) {
    const places = targetsOf(conduit);
    if (places.length === 0) untried.push(conduit);
    for (const place of places) {
      const known = targets.get(at(place));
      if (known === undefined) targets.set(at(place), { place, conduits: [conduit] });
      else known.conduits.push(conduit);
    }
  }
  const judge = judgeOf(config);
  return [
    ...[...targets.values()].slice(0, MAX_TARGETS).map((target) => targetProbe(target, judge)),
    ...rest(targets.size - MAX_TARGETS, 'targets'),
    ...untried.slice(0, MAX_UNTRIED).map(untriedProbe),
    ...rest(untried.length - MAX_UNTRIED, 'conduits'),
  ];
}

/** Hosts and ports of a conduit that lists them, be the host written as a network of one address; else none. */
export function targetsOf({ host, ports }: Conduit): readonly Place[] {
  const [address = '', prefix] = host.split('/');
  const isSingle = prefix === undefined || Number(prefix) === (net.isIPv4(address) ? 32 : 128);
  if (!isSingle || ports.length > MAX_PORTS || ports.some(({ from, to }) => from !== to)) return [];
  return ports.map(({ from }) => ({ host: address, port: from }));
}

/** A window that is closed now is no fault, so the conduits are judged as if they had none. */
function judgeOf(config: Config): Judge {
  const conduits = config.conduits.map((conduit) => ({ ...conduit, window: undefined }));
  const policy = policyOf({ ...config, conduits }, config.admin.listen);
  return ({ host, port }, addresses) => {
    const normal = normaliseHostname(host);
    const hostname = normal.ok ? normal.hostname : host;
    const question = { hostname, port, addresses, child: undefined, counts: NO_SESSIONS, nowMs: 0 };
    return decide({ ...policy, ...question });
  };
}

function targetProbe({ place, conduits }: Target, judge: Judge): Probe {
  const names = conduits.map(({ name }) => name);
  return {
    id: `target:${at(place)}`,
    title: `conduit ${names.join(', ').slice(0, 60)}`,
    deadlineMs: TARGET_DEADLINE_MS,
    needs: [],
    isIndependent: true,
    run: async ({ origin }, signal): Promise<Outcome> => {
      try {
        // By itself, so that a name server that says nothing is not taken for a target that does.
        const addresses = net.isIP(place.host) === 0 ? await addressesOf(place.host, signal) : [place.host];
        const decision = judge(place, addresses);
        if (decision.kind === 'deny')
          return { status: 'failed', ...neverReached(place, conduits, decision, origin), exit: EXIT.failed };
        (await dialTcp(place, signal, decision.addresses)).destroy();
        return { status: 'ok', detail: `connected to ${at(place)}` };
      } catch (error) {
        return { status: 'failed', ...targetFault(place, conduits, error), exit: EXIT.failed };
      }
    },
  };
}

function untriedProbe(conduit: Conduit): Probe {
  const what = conduit.host.includes('/') ? `network ${conduit.host}` : `ports ${portsOf(conduit)}`;
  return skipped(`conduit:${conduit.name}`, `conduit ${conduit.name}`, `${what}, not tried one by one`);
}

function rest(count: number, what: string): Probe[] {
  if (count <= 0) return [];
  return [skipped(`more-${what}`, 'conduits', `${count} more ${what} are not tried`)];
}

function skipped(id: string, title: string, detail: string): Probe {
  const run = (): Promise<Outcome> => Promise.resolve({ status: 'skipped', detail });
  return { id, title, deadlineMs: TARGET_DEADLINE_MS, needs: [], isIndependent: true, run };
}
