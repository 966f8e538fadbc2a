import { lookup } from 'node:dns/promises';
import net from 'node:net';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import { EXIT } from '../../exit-codes.js';
import { printable } from '../terminal.js';
import { dialCloud, dialProxy, dialTcp, dialTls, placeOf } from './dial.js';
import type { Place } from './dial.js';
import { Timeout, connectionFailure } from './failure-text.js';
import type { Outcome, Probe, ProbeContext } from './probe.js';

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

async function resolveName({ config: { cloud } }: ProbeContext, signal: AbortSignal): Promise<Outcome> {
  const { host } = placeOf(cloud.url);
  if (net.isIP(host) !== 0) return { status: 'skipped', detail: `${host} is an address` };
  if (cloud.proxy !== undefined) return { status: 'skipped', detail: 'the proxy resolves it' };
  try {
    const addresses = await orAborted(lookup(host, { all: true }), signal);
    return { status: 'ok', detail: `${host} is ${addresses.map(({ address }) => address).join(', ')}` };
  } catch (error) {
    return connectionFailure(host, error);
  }
}

async function tryProxy({ config: { cloud } }: ProbeContext, signal: AbortSignal): Promise<Outcome> {
  if (cloud.proxy === undefined) return { status: 'skipped', detail: 'none is configured' };
  const place = placeOf(cloud.url);
  const via = `${cloud.proxy.host}:${cloud.proxy.port}`;
  try {
    (await dialProxy(cloud.proxy, place, signal)).destroy();
    return { status: 'ok', detail: `${via} opens a tunnel to ${at(place)}` };
  } catch (error) {
    return connectionFailure(`proxy ${via}`, error);
  }
}

async function tryTcp({ config: { cloud } }: ProbeContext, signal: AbortSignal): Promise<Outcome> {
  if (cloud.proxy !== undefined) return { status: 'skipped', detail: 'goes through the proxy' };
  const place = placeOf(cloud.url);
  try {
    const socket = await dialTcp(place, signal);
    const detail = `connected to ${socket.remoteAddress ?? place.host} port ${place.port}`;
    socket.destroy();
    return { status: 'ok', detail };
  } catch (error) {
    return connectionFailure(at(place), error);
  }
}

async function tryTls({ config, now }: ProbeContext, signal: AbortSignal): Promise<Outcome> {
  const place = placeOf(config.cloud.url);
  if (!place.isTls) return { status: 'skipped', detail: 'cloud.url is http (loopback)' };
  try {
    const socket = await dialCloud(config, place, signal);
    const secure = await dialTls(socket, place, config.cloud, signal, 'look');
    const outcome = judgeCertificate(secure, place, now());
    secure.destroy();
    return outcome;
  } catch (error) {
    return connectionFailure(at(place), error);
  }
}

/** What the certificate says, for an operator; the verdict is the one of OpenSSL and Node. */
export function judgeCertificate(socket: TLSSocket, { host }: Place, nowMs: number): Outcome {
  const certificate = socket.getPeerCertificate(true);
  const issuer = issuerOf(certificate);
  const untilMs = Date.parse(certificate.valid_to);
  if (!socket.authorized) {
    // Typed as an Error, but it is the code as text, or an Error for a name that does not match.
    const reason: unknown = socket.authorizationError;
    const code = reason instanceof Error && 'code' in reason ? String(reason.code) : String(reason);
    const names = printable(certificate.subjectaltname ?? '').slice(0, 200);
    const about = `certificate issued by ${issuer} for ${names === '' ? 'no name' : names}`;
    const error = Object.assign(new Error(`${code}, ${about}`), { code });
    return connectionFailure(host, error, EXIT.unreachable);
  }
  const days = Math.floor((untilMs - nowMs) / DAY_MS);
  const notice = days < EXPIRY_NOTICE_DAYS ? ' (soon)' : '';
  const until = new Date(untilMs).toISOString().slice(0, 10);
  const protocol = socket.getProtocol() ?? 'TLS';
  return { status: 'ok', detail: `${protocol}, ${host} vouched for by ${issuer} until ${until}${notice}` };
}

function issuerOf({ issuer }: DetailedPeerCertificate): string {
  const names: readonly (string | string[] | undefined)[] = [issuer.O, issuer.CN];
  const name = names.flat().find((value) => value !== undefined && value !== '');
  return printable(name ?? 'an unnamed issuer').slice(0, 100);
}

/** `host:port`, with brackets around IPv6. */
export function at({ host, port }: Place): string {
  return `${net.isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/** getaddrinfo cannot be cancelled, only left behind. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener(
      'abort',
      () => reject(signal.reason instanceof Error ? signal.reason : new Timeout(0)),
      {
        once: true,
      },
    );
  });
  return Promise.race([work, aborted]);
}
