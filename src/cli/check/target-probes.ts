import net from 'node:net';
import type { Conduit, Config } from '../../config/config.js';
import { EXIT } from '../../exit-codes.js';
import { dialCloud, dialTcp, dialTls, placeOf } from './dial.js';
import type { Place } from './dial.js';
import { connectionFailure } from './failure-text.js';
import { at } from './network-probes.js';
import type { Outcome, Probe, ProbeContext } from './probe.js';

/** Most targets that are tried; at 16 at once and 5 s each this ends within three minutes. */
export const MAX_TARGETS = 500;

/** Longest wait for one target, in ms; the plant network is near. */
const TARGET_DEADLINE_MS = 5_000;

/**
 * The MQTT endpoint, up to TLS. Nobody logs in: a second client with the device's id would throw out a running agent.
 */
export const MQTT_PROBE: Probe = {
  id: 'mqtt',
  title: 'MQTT endpoint',
  deadlineMs: 10_000,
  needs: ['proxy'],
  run: tryMqtt,
};

async function tryMqtt({ config }: ProbeContext, signal: AbortSignal): Promise<Outcome> {
  if (config.intake.kind !== 'mqtt')
    return { status: 'skipped', detail: `intake.kind is ${config.intake.kind}` };
  const place = placeOf(config.intake.mqttUrl);
  try {
    const socket = await dialCloud(config, place, signal);
    const opened = place.isTls ? await dialTls(socket, place, config.cloud, signal) : socket;
    opened.destroy();
    return { status: 'ok', detail: `connected to ${at(place)}${place.isTls ? ', TLS verified' : ''}` };
  } catch (error) {
    return connectionFailure(at(place), error);
  }
}

/** A probe for every conduit that is a single host and port; the same target is tried once. */
export function targetProbes({ conduits }: Config): readonly Probe[] {
  const targets = new Map<string, { place: Place; names: string[] }>();
  for (const conduit of conduits) {
    const place = singleTarget(conduit);
    if (place === undefined) continue;
    const known = targets.get(at(place));
    if (known === undefined) targets.set(at(place), { place, names: [conduit.name] });
    else known.names.push(conduit.name);
  }
  return [...targets.values()].slice(0, MAX_TARGETS).map(({ place, names }) => targetProbe(place, names));
}

/** Host and port of a conduit that permits exactly one target, be it written as a network of one address. */
export function singleTarget({ host, ports }: Conduit): Place | undefined {
  const [range] = ports;
  if (ports.length !== 1 || range?.from !== range?.to || range === undefined) return undefined;
  const [address = '', prefix] = host.split('/');
  const isSingle = prefix === undefined || Number(prefix) === (net.isIPv4(address) ? 32 : 128);
  return isSingle ? { host: address, port: range.from } : undefined;
}

function targetProbe(place: Place, names: readonly string[]): Probe {
  return {
    id: `target:${at(place)}`,
    title: `conduit ${names.join(', ').slice(0, 60)}`,
    deadlineMs: TARGET_DEADLINE_MS,
    needs: [],
    isIndependent: true,
    run: async (_, signal) => {
      try {
        (await dialTcp(place, signal)).destroy();
        return { status: 'ok', detail: `connected to ${at(place)}` };
      } catch (error) {
        const failure = connectionFailure(at(place), error, EXIT.failed);
        // The advice about proxies is for the way to the cloud.
        const advice = 'check that the target is switched on, and cabling, route and firewall to it';
        return failure.status === 'failed' ? { ...failure, advice } : failure;
      }
    },
  };
}
