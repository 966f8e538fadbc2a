import net from 'node:net';
import type { Conduit, Config } from '../../config/config.js';
import { EXIT } from '../../exit-codes.js';
import { addressesOf } from './addresses.js';
import { at, dialTcp } from './dial.js';
import type { Place } from './dial.js';
import type { Outcome, Probe } from './probe.js';
import { targetFault } from './target-fault.js';

/** Most targets that are tried; at 16 at once and 5 s each this ends within three minutes. */
export const MAX_TARGETS = 500;

/** Longest wait for one target, in ms; the plant network is near. */
const TARGET_DEADLINE_MS = 5_000;

/** A probe for every conduit that is a single host and port; the same target is tried once. */
export function targetProbes({ conduits }: Pick<Config, 'conduits'>): readonly Probe[] {
  const targets = new Map<string, { place: Place; conduits: Conduit[] }>();
  for (const conduit of conduits) {
    const place = singleTarget(conduit);
    if (place === undefined) continue;
    const known = targets.get(at(place));
    if (known === undefined) targets.set(at(place), { place, conduits: [conduit] });
    else known.conduits.push(conduit);
  }
  return [...targets.values()]
    .slice(0, MAX_TARGETS)
    .map((target) => targetProbe(target.place, target.conduits));
}

/** Host and port of a conduit that permits exactly one target, be it written as a network of one address. */
export function singleTarget({ host, ports }: Conduit): Place | undefined {
  const [range] = ports;
  if (ports.length !== 1 || range?.from !== range?.to || range === undefined) return undefined;
  const [address = '', prefix] = host.split('/');
  const isSingle = prefix === undefined || Number(prefix) === (net.isIPv4(address) ? 32 : 128);
  return isSingle ? { host: address, port: range.from } : undefined;
}

function targetProbe(place: Place, conduits: readonly Conduit[]): Probe {
  const names = conduits.map(({ name }) => name);
  return {
    id: `target:${at(place)}`,
    title: `conduit ${names.join(', ').slice(0, 60)}`,
    deadlineMs: TARGET_DEADLINE_MS,
    needs: [],
    isIndependent: true,
    run: async (_, signal): Promise<Outcome> => {
      try {
        // By itself, so that a name server that says nothing is not taken for a target that does.
        if (net.isIP(place.host) === 0) await addressesOf(place.host, signal);
        (await dialTcp(place, signal)).destroy();
        return { status: 'ok', detail: `connected to ${at(place)}` };
      } catch (error) {
        return { status: 'failed', ...targetFault(place, conduits, error), exit: EXIT.failed };
      }
    },
  };
}
