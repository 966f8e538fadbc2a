import { createHash, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../../contract/secret.js';
import type { AdminErrorCode } from './errors.js';
import { MAX_TOKEN_ADDRESSES, MAX_WRONG_TOKENS, TOKEN_WINDOW_MS } from './limits.js';

/**
 * Checks the bearer token. Wrong tokens are counted per address: after MAX_WRONG_TOKENS within TOKEN_WINDOW_MS that
 * address gets 429, even with the right one, so that guessing is slow. A request without a token is no guess.
 */
export class TokenGate {
  readonly #digest: Buffer | undefined;
  readonly #now: () => number;
  readonly #failures = new Map<string, { sinceMs: number; count: number }>();

  /** Without a token the gate lets everybody pass. `now` in ms. */
  constructor(token: Secret | undefined, now: () => number) {
    this.#digest = token === undefined ? undefined : digest(token.reveal());
    this.#now = now;
  }

  /** The refusal for one request, or undefined. `authorization` is the header's value. */
  judge(authorization: string | undefined, address: string): AdminErrorCode | undefined {
    if (this.#digest === undefined) return undefined;
    if (this.#isBlocked(address)) return 'too-many-failures';
    const given = /^Bearer +([^ ]+) *$/i.exec(authorization ?? '')?.[1];
    if (given === undefined) return 'unauthorized';
    // Digests have one length, so neither the length nor the first wrong letter shows in the time taken.
    if (timingSafeEqual(digest(given), this.#digest)) return undefined;
    this.#countFailure(address);
    return 'unauthorized';
  }

  #isBlocked(address: string): boolean {
    const failures = this.#failures.get(address);
    if (failures === undefined) return false;
    if (this.#now() - failures.sinceMs < TOKEN_WINDOW_MS) return failures.count >= MAX_WRONG_TOKENS;
    this.#failures.delete(address);
    return false;
  }

  #countFailure(address: string): void {
    const failures = this.#failures.get(address);
    if (failures !== undefined) {
      failures.count += 1;
      return;
    }
    const oldest = this.#failures.keys().next();
    if (this.#failures.size >= MAX_TOKEN_ADDRESSES && oldest.done !== true)
      this.#failures.delete(oldest.value);
    this.#failures.set(address, { sinceMs: this.#now(), count: 1 });
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
