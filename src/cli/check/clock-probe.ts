import { EXIT } from '../../exit-codes.js';
import type { Outcome, Probe, ProbeContext } from './probe.js';
import { isFailed, tryGet } from './request.js';
import { command } from './setting.js';

/** Clock difference that is still fine, in ms: a tenth of the default `intake.operationAge`, far above any latency. */
const MAX_SKEW_MS = 30_000;

/** The clock of this machine beside that of the cloud. */
export const CLOCK_PROBE: Probe = {
  id: 'clock',
  title: 'clock',
  deadlineMs: 15_000,
  needs: ['tls'],
  run: compareClocks,
};

async function compareClocks(context: ProbeContext, signal: AbortSignal): Promise<Outcome> {
  const { now } = context;
  const startedAtMs = now();
  const reply = await tryGet(context, '/tenant/loginOptions', signal, '');
  if (isFailed(reply)) return reply;
  const { dateMs } = reply;
  if (dateMs === undefined) return { status: 'skipped', detail: 'the cloud sends no Date header' };
  // The header has whole seconds, cut off: on average half a second is missing.
  const skewMs = (startedAtMs + now()) / 2 - (dateMs + 500);
  const seconds = Math.round(Math.abs(skewMs) / 1_000);
  const direction = skewMs > 0 ? 'ahead of' : 'behind';
  if (Math.abs(skewMs) <= MAX_SKEW_MS) {
    return {
      status: 'ok',
      detail: seconds < 2 ? 'agrees with the cloud' : `${seconds} s ${direction} the cloud`,
    };
  }
  return {
    status: 'failed',
    fault: 'clock-skew',
    detail: `${seconds} s ${direction} the cloud`,
    advice: 'operations would seem too old, and certificates not valid',
    fixes: [
      command('set the clock by NTP', 'sudo timedatectl set-ntp true'),
      command("without NTP, take the cloud's time", `sudo date -u -s '${utc(dateMs)}'`),
    ],
    exit: EXIT.failed,
  };
}

/** As date(1) takes it: `2030-01-02 03:04:05`. */
function utc(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}
