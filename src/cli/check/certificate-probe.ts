import { performance } from 'node:perf_hooks';
import { MAX_REPLY_BYTES } from '../../../contract/limits.js';
import { Backoff } from '../../cloud/backoff.js';
import { noticeOf } from '../../cloud/certificate-notice.js';
import { CloudClock } from '../../cloud/cloud-clock.js';
import { deviceTokens } from '../../cloud/device-tokens.js';
import { parseJson } from '../../cloud/json-document.js';
import { DEFAULT_TIMING } from '../../cloud/timing.js';
import { TokenError } from '../../cloud/token-error.js';
import type { DeviceCertificate } from '../../config/config.js';
import { EXIT } from '../../exit-codes.js';
import { printable } from '../terminal.js';
import type { Diagnosis } from './fault.js';
import type { Outcome, Probe, ProbeContext } from './probe.js';
import { command, setting, word } from './setting.js';

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
    return failed(context, error, certificate, clock.now());
  } finally {
    tokens.close();
  }
}

function lifeText({ commonName, validToMs }: DeviceCertificate, nowMs: number): string {
  const days = Math.floor((validToMs - nowMs) / DAY_MS);
  return `${printable(JSON.stringify(commonName))}, ends in ${days} days`;
}

function failed(
  context: ProbeContext,
  error: TokenError,
  certificate: DeviceCertificate,
  nowMs: number,
): Outcome {
  const detail = printable(error.message);
  if (noticeOf(certificate, nowMs)?.level === 'error')
    return { status: 'failed', ...outOfTime(certificate, detail), exit: EXIT.refused };
  if (error.trouble === 'refused') return { status: 'failed', ...refused(detail), exit: EXIT.refused };
  return { status: 'failed', ...unreachable(context, detail), exit: EXIT.unreachable };
}

function outOfTime({ validFromMs, validToMs }: DeviceCertificate, detail: string): Diagnosis {
  const [from = '', to = ''] = [validFromMs, validToMs].map((ms) => new Date(ms).toISOString().slice(0, 10));
  return {
    fault: 'certificate-time',
    detail,
    advice: `the device certificate is good from ${from} to ${to}: have it renewed, or correct the clock`,
    fixes: [command('see what this machine takes for now', 'timedatectl')],
  };
}

function refused(detail: string): Diagnosis {
  return {
    fault: 'certificate-refused',
    detail,
    advice:
      'the tenant does not trust the authority of the certificate, or does not know the device; a proxy that inspects TLS takes the certificate out as well',
    fixes: [
      command(
        'upload the authority, as an administrator, with go-c8y-cli',
        'c8y devicemanagement certificates create --name AUTHORITY --file CA.pem --status ENABLED --autoRegistrationEnabled',
      ),
    ],
  };
}

function unreachable({ config, origin }: ProbeContext, detail: string): Diagnosis {
  const { hostname } = new URL(config.cloud.url);
  return {
    fault: 'token-unreachable',
    detail,
    advice: 'a token comes from port 8443 or 8883 of the cloud, and none of them can be used from here',
    fixes: [
      command('try one by hand', `nc -vz ${word(hostname)} 8443`),
      setting(origin, 'cloud.tokenUrl', `mqtts://${hostname}:8883`, 'if only this port is open'),
    ],
  };
}
