import type { DeviceCertificate } from '../config/config.js';
import type { Log } from './log.js';

const DAY_MS = 86_400_000;

/** How long before its end a certificate is worth a warning, in ms: a month, as renewals are done by hand and by mail. */
const NOTICE_MS = 30 * DAY_MS;

/** Of a short life the last third, by when a renewal that works by itself has been due for some time. */
const NOTICE_SHARE = 1 / 3;

/** How often it is looked at, in ms. */
const LOOK_MS = 3_600_000;

/** What is to be said about the time of a certificate. */
export interface Notice {
  readonly level: 'warn' | 'error';
  readonly message: string;
  /** Whole days that are left; 0 when it has ended. */
  readonly days: number;
}

/** @param nowMs the cloud's clock. Undefined when there is nothing to be said. */
export function noticeOf(
  { validFromMs, validToMs }: Pick<DeviceCertificate, 'validFromMs' | 'validToMs'>,
  nowMs: number,
): Notice | undefined {
  const leftMs = validToMs - nowMs;
  const days = Math.max(0, Math.floor(leftMs / DAY_MS));
  if (leftMs <= 0)
    return {
      level: 'error',
      days,
      message: 'the device certificate has expired; put a new one in its place',
    };
  if (nowMs < validFromMs)
    return {
      level: 'error',
      days,
      message: 'the device certificate is not valid yet, by the clock of the cloud',
    };
  if (leftMs > Math.min(NOTICE_MS, (validToMs - validFromMs) * NOTICE_SHARE)) return undefined;
  return { level: 'warn', days, message: 'the device certificate ends soon; put a new one in its place' };
}

/** Says so in the log: at the start, once a day, and when a new certificate is there. */
export class CertificateNotices {
  readonly #certificate: () => DeviceCertificate | undefined;
  readonly #now: () => number;
  readonly #log: Log;
  #timer: NodeJS.Timeout | undefined;
  #told = '';

  /** `now` is the cloud's clock, in ms since 1970. */
  constructor(parts: { certificate: () => DeviceCertificate | undefined; now: () => number; log: Log }) {
    this.#certificate = parts.certificate;
    this.#now = parts.now;
    this.#log = parts.log;
  }

  /** A second call is harmless. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.look();
    this.#timer = setInterval(() => this.look(), LOOK_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Says what there is to say, unless it was said for this many days already. */
  look(): void {
    const certificate = this.#certificate();
    const notice = certificate === undefined ? undefined : noticeOf(certificate, this.#now());
    if (certificate === undefined || notice === undefined) return;
    const { commonName, validToMs } = certificate;
    const until = new Date(validToMs).toISOString();
    const told = `${until} ${notice.message} ${notice.days}`;
    if (told === this.#told) return;
    this.#told = told;
    this.#log[notice.level]({ device: commonName, until, days: notice.days }, notice.message);
  }
}
