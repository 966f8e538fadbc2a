import type { Pace } from './backoff.js';

/** What kind of trouble a request met. */
export type RestErrorKind =
  /** The cloud answered with a status other than 2xx. */
  | 'status'
  | 'unreachable'
  | 'tls'
  | 'proxy'
  | 'timeout'
  /** The reply is no HTTP, or lacks what it must have. */
  | 'protocol'
  /** A reply with a status of 2xx that is larger than what is read. */
  | 'too-big'
  /** A reply with a status of 2xx that is no JSON. */
  | 'unreadable'
  /** The device certificate brought no token to send the request with. */
  | 'login'
  /** We gave the request up ourselves. */
  | 'aborted';

/** A request that brought no usable reply. The message is one sentence without secrets. */
export class RestError extends Error {
  readonly kind: RestErrorKind;
  /** The HTTP status, with kind `status`. */
  readonly status: number | undefined;
  /** What Retry-After asks for, in ms, within 1 s and 600 s. */
  readonly retryAfterMs: number | undefined;
  /** How soon to try again, where that does not follow from the rest. */
  readonly pace: Pace | undefined;

  constructor(
    kind: RestErrorKind,
    sentence: string,
    details: {
      readonly status?: number;
      readonly retryAfterMs?: number | undefined;
      readonly pace?: Pace;
      readonly cause?: unknown;
    } = {},
  ) {
    super(sentence, { cause: details.cause });
    this.name = 'RestError';
    this.kind = kind;
    this.status = details.status;
    this.retryAfterMs = details.retryAfterMs;
    this.pace = details.pace;
  }
}

/** True when `error` is the cloud's answer with one of these statuses. */
export function hasStatus(error: unknown, ...statuses: number[]): boolean {
  return error instanceof RestError && error.status !== undefined && statuses.includes(error.status);
}

/** How soon a request that failed like this may be tried again. */
export function paceOfRestError(error: RestError): Pace {
  const { status, retryAfterMs } = error;
  if (error.pace !== undefined) return error.pace;
  // A wrong password stays wrong, whatever the reply says about when to come back.
  const passes = status !== undefined && (status >= 500 || status === 429);
  if (passes && retryAfterMs !== undefined) return { kind: 'after', ms: retryAfterMs };
  // A reply that is too big may be a storm of operations, which passes; the others are the wrong address, or the wrong time.
  if (['tls', 'protocol', 'unreadable'].includes(error.kind)) return { kind: 'slow' };
  const clientFault = status !== undefined && !passes && status !== 408;
  return { kind: clientFault ? 'slow' : 'normal' };
}

/** Retry-After (RFC 9110 10.2.3) in ms, clamped to 1–600 s; undefined when absent, negative or unreadable. */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  const text = header?.trim() ?? '';
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  // Date.parse reads "-5" as a month; a real HTTP date names its weekday.
  if (Number.isNaN(ms) || (!/^\d+$/.test(text) && !/^[A-Z][a-z]{2}/.test(text))) return undefined;
  return Math.min(Math.max(ms, 1_000), 600_000);
}

const MEANING: Readonly<Record<number, string>> = {
  401: 'the cloud does not accept the credentials',
  403: "the gateway's user lacks a permission, or the tenant is not the one of this host",
  404: 'not found (is cloud.url right?)',
  429: 'the cloud asks to slow down',
};

/** The sentence for a status other than 2xx. */
export function statusSentence(request: string, status: number): string {
  const meaning = status >= 300 && status < 400 ? 'redirects are not followed' : MEANING[status];
  return `${request} answered ${status}${meaning === undefined ? '' : `: ${meaning}`}`;
}
