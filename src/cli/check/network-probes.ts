import net from 'node:net';
import { verifiedCertificate } from './certificate.js';
import { addressesOf } from './addresses.js';
import { at, dialCloud, dialProxy, dialTcp, dialTls, placeOf } from './dial.js';
import type { Outcome, Probe, ProbeContext } from './probe.js';
import { wayFailure } from './way-fault.js';
import type { Way } from './way.js';

const DEADLINE_MS = 10_000;

/** A certificate that ends sooner is worth a word, in days. */
const EXPIRY_NOTICE_DAYS = 14;

const DAY_MS = 86_400_000;

/** From the name of the cloud up to TLS, each step on what the one before has shown. */
export const NETWORK_PROBES: readonly Probe[] = [
  { id: 'name', title: 'cloud name', deadlineMs: DEADLINE_MS, needs: [], run: resolveName },
  { id: 'proxy', title: 'proxy', deadlineMs: DEADLINE_MS, needs: [], run: tryProxy },
  { id: 'tcp', title: 'TCP', deadlineMs: DEADLINE_MS, needs: ['name', 'proxy'], run: tryTcp },
  { id: 'tls', title: 'TLS', deadlineMs: DEADLINE_MS, needs: ['tcp'], run: tryTls },
];

async function resolveName(context: ProbeContext, signal: AbortSignal): Promise<Outcome> {
  const { cloud } = context.config;
  const { host } = placeOf(cloud.url);
  if (net.isIP(host) !== 0) return { status: 'skipped', detail: `${host} is an address` };
  if (cloud.proxy !== undefined) return { status: 'skipped', detail: 'the proxy resolves it' };
  try {
    const addresses = await addressesOf(host, signal);
    return { status: 'ok', detail: `${host} is ${addresses.join(', ')}` };
  } catch (error) {
    return wayFailure(context, cloudOf(context), error);
  }
}

async function tryProxy(context: ProbeContext, signal: AbortSignal): Promise<Outcome> {
  const { proxy, url } = context.config.cloud;
  if (proxy === undefined) return { status: 'skipped', detail: 'none is configured' };
  const place = placeOf(url);
  try {
    (await dialProxy(proxy, place, context.config.cloud, signal)).destroy();
    return { status: 'ok', detail: `${at(proxy)} opens a tunnel to ${at(place)}` };
  } catch (error) {
    return wayFailure(context, cloudOf(context), error);
  }
}

async function tryTcp(context: ProbeContext, signal: AbortSignal): Promise<Outcome> {
  const { cloud } = context.config;
  if (cloud.proxy !== undefined) return { status: 'skipped', detail: 'goes through the proxy' };
  const place = placeOf(cloud.url);
  try {
    const socket = await dialTcp(place, signal);
    const detail = `connected to ${socket.remoteAddress ?? place.host} port ${place.port}`;
    socket.destroy();
    return { status: 'ok', detail };
  } catch (error) {
    return wayFailure(context, cloudOf(context), error);
  }
}

async function tryTls(context: ProbeContext, signal: AbortSignal): Promise<Outcome> {
  const { config, now } = context;
  const place = placeOf(config.cloud.url);
  if (!place.isTls) return { status: 'skipped', detail: 'cloud.url is http (loopback)' };
  try {
    const socket = await dialCloud(config, place, signal);
    const secure = await dialTls(socket, place, config.cloud, signal, 'look');
    const protocol = secure.getProtocol() ?? 'TLS';
    const { issuer, untilMs } = endAfter(secure, verifiedCertificate);
    const notice = Math.floor((untilMs - now()) / DAY_MS) < EXPIRY_NOTICE_DAYS ? ' (soon)' : '';
    const until = `${new Date(untilMs).toISOString().slice(0, 10)}${notice}`;
    return { status: 'ok', detail: `${protocol}, ${place.host} vouched for by ${issuer} until ${until}` };
  } catch (error) {
    return wayFailure(context, cloudOf(context), error);
  }
}

/** What `look` sees of a connection, which ends. */
export function endAfter<S extends net.Socket, T>(socket: S, look: (socket: S) => T): T {
  try {
    return look(socket);
  } finally {
    socket.destroy();
  }
}

function cloudOf({ config }: ProbeContext): Way {
  return { key: 'cloud.url', url: config.cloud.url };
}
