/** Life that is assumed of a token that does not tell when it ends, in ms. The platform's have an hour and say so. */
export const DEFAULT_TOKEN_LIFE_MS = 900_000;

/** A token is fetched anew this long before its end, in ms, so that a request under way does not meet it. */
const MARGIN_MS = 60_000;

/** Of a short life at most this share is given up for that. */
const MARGIN_SHARE = 0.2;

/** Longest time that one token is used, in ms, whatever it promises: a day. */
const MAX_LIFE_MS = 86_400_000;

/** RFC 6750 section 2.1, bounded: a JWT of the platform has about 800 characters. */
const TOKEN = /^[A-Za-z0-9._~+/=-]{1,8192}$/;

/** How long a token may be used from now on, in ms. */
export interface TokenLife {
  /** Until it is fetched anew. */
  readonly renewalMs: number;
  /** Until it ends. */
  readonly endMs: number;
}

/** Whether this can be sent as a bearer token. */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/**
 * The life of a token that has just been fetched, from `exp` and `iat` of a JWT (RFC 7519 section 4.1). Where the two
 * contradict `nowMs`, the clock is what is wrong, and the span between them counts.
 * @param nowMs the clock of the cloud, in ms since 1970.
 */
export function lifeOf(token: string, nowMs: number): TokenLife {
  const { exp, iat } = claimsOf(token);
  const wholeMs = exp !== undefined && iat !== undefined && exp > iat ? (exp - iat) * 1_000 : undefined;
  const leftMs = exp === undefined ? undefined : exp * 1_000 - nowMs;
  const endMs = Math.min(MAX_LIFE_MS, wholeMs ?? MAX_LIFE_MS, lifeLeft(leftMs, wholeMs));
  return { endMs, renewalMs: endMs - Math.min(MARGIN_MS, endMs * MARGIN_SHARE) };
}

function lifeLeft(leftMs: number | undefined, wholeMs: number | undefined): number {
  if (leftMs !== undefined && leftMs > 0) return leftMs;
  return wholeMs ?? DEFAULT_TOKEN_LIFE_MS;
}

function claimsOf(token: string): { readonly exp: number | undefined; readonly iat: number | undefined } {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    return { exp: numberAt(claims, 'exp'), iat: numberAt(claims, 'iat') };
  } catch {
    // Opaque to us: the cloud need not send a JWT.
    return { exp: undefined, iat: undefined };
  }
}

function numberAt(claims: unknown, name: string): number | undefined {
  const value: unknown =
    typeof claims === 'object' && claims !== null ? Reflect.get(claims, name) : undefined;
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
