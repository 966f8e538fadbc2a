import { performance } from 'node:perf_hooks';
import { MAX_REPLY_BYTES } from '../../../contract/limits.js';
import { Backoff } from '../../cloud/backoff.js';
import { noticeOf } from '../../cloud/certificate-notice.js';
import { CloudClock } from '../../cloud/cloud-clock.js';
import { deviceTokens } from '../../cloud/device-tokens.js';
import { parseJson } from '../../cloud/json-document.js';
import { DEFAULT_TIMING } from '../../cloud/timing.js';
import { TokenError, type TokenTrouble } from '../../cloud/token-error.js';
import type { DeviceCertificate } from '../../config/config.js';
import { EXIT } from '../../exit-codes.js';
import type { ExitCode } from '../../exit-codes.js';
import { printable } from '../terminal.js';
import type { Outcome, Probe, ProbeContext } from './probe.js';

const DAY_MS = 86_400_000;

/** The device certificate: its time, and whether the cloud gives a token for it. The probes behind it use that. */
export const CERTIFICATE_PROBE: Probe = {
  id: 'certificate',
  title: 'certificate',
  deadlineMs: DEFAULT_TIMING.tokenFetchMs + 5_000,
  needs: ['tls'],
  run: tryCertificate,
};

async function tryCertificate(context: ProbeContext): Promise<Outcome> {
  const { config, now } = context;
  const { credentials } = config.cloud;
  if (credentials.kind !== 'certificate') return { status: 'skipped', detail: 'cloud.certFile is not set' };
  const { certificate } = credentials;
  const clock = new CloudClock({ now });
  const tokens = deviceTokens(certificate, {
    config,
    clock,
    monotonic: () => performance.now(),
    timing: DEFAULT_TIMING,
    newBackoff: () => new Backoff(DEFAULT_TIMING.backoff, () => performance.now()),
    parseJson: (document) => parseJson(document, { maxBytes: MAX_REPLY_BYTES }),
    mayConnect: () => true,
    onFetch: (way, outcome) => {
      if (outcome === 'ok') context.facts.tokenWay = way;
    },
  });
  try {
    const token = await tokens.current();
    context.config = { ...config, cloud: { ...config.cloud, credentials: { kind: 'token', token } } };
    const way = context.facts.tokenWay === 'mqtt' ? 'mqtts:' : 'https:';
    const place = config.cloud.tokenPlaces.find(({ url }) => url.startsWith(way))?.url ?? 'the cloud';
    return { status: 'ok', detail: `${lifeText(certificate, now())}; ${place} gave a token for it` };
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    return failed(error, certificate, clock.now());
  } finally {
    tokens.close();
  }
}

function lifeText({ commonName, validToMs }: DeviceCertificate, nowMs: number): string {
  const days = Math.floor((validToMs - nowMs) / DAY_MS);
  return `${printable(JSON.stringify(commonName))}, ends in ${days} days`;
}

const ADVICE: Readonly<Record<TokenTrouble, readonly [advice: string, exit: ExitCode]>> = {
  refused: [
    'upload its authority to the trusted certificates of the tenant (enabled), and register the device; a proxy that inspects TLS takes the certificate out',
    EXIT.refused,
  ],
  tls: ['name the root in cloud.caFile, or correct the clock; see the TLS line', EXIT.unreachable],
  proxy: ['permit CONNECT to ports 8443 and 8883 of the cloud on the proxy', EXIT.unreachable],
  timeout: ['open port 8443 or 8883 towards the cloud, or set cloud.tokenUrl', EXIT.unreachable],
  unreachable: ['open port 8443 or 8883 towards the cloud, or set cloud.tokenUrl', EXIT.unreachable],
};

function failed({ message, trouble }: TokenError, certificate: DeviceCertificate, nowMs: number): Outcome {
  const notice = noticeOf(certificate, nowMs);
  const detail = printable(message);
  if (notice?.level === 'error')
    return {
      status: 'failed',
      detail: `${notice.message} (${detail})`,
      advice: renewal(certificate),
      exit: EXIT.refused,
    };
  const [advice, exit] = ADVICE[trouble];
  return { status: 'failed', detail, advice, exit };
}

function renewal({ validFromMs, validToMs }: DeviceCertificate): string {
  const [from, to] = [validFromMs, validToMs].map((ms) => new Date(ms).toISOString().slice(0, 10));
  return `it is good from ${from ?? ''} to ${to ?? ''}: have it renewed, or correct the clock (timedatectl)`;
}
