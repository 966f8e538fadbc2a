import { Secret } from '../../contract/secret.js';
import type { Backoff } from './backoff.js';
import { paceOf } from './link-error.js';
import type { Timing } from './timing.js';
import { lifeOf } from './token.js';
import { tokenError, TokenError } from './token-error.js';

export interface TokenCacheOptions {
  /** Asks the cloud for a token. @throws RestError, LinkError */
  readonly fetch: (signal: AbortSignal) => Promise<string>;
  /** The cloud's clock, by which tokens end, in ms since 1970. */
  readonly cloudNow: () => number;
  /** In ms. */
  readonly monotonic: () => number;
  readonly backoff: Backoff;
  readonly timing: Pick<Timing, 'tokenFetchMs' | 'tokenGapMs'>;
  /** A token was fetched; it must never be logged. `before` is the one it replaces. */
  readonly onToken?: ((token: Secret, before: Secret | undefined) => void) | undefined;
}

interface Held {
  readonly token: Secret;
  /** Monotonic. */
  readonly fetchedAtMs: number;
  readonly renewAtMs: number;
  readonly endAtMs: number;
}

/**
 * The token of a device with a certificate. One fetch is under way at a time, for all who wait; after one that failed
 * the next waits for its back-off, and until then everybody is told why at once.
 */
export class TokenCache {
  readonly #options: TokenCacheOptions;
  readonly #closed = new AbortController();
  #held: Held | undefined;
  #flight: Promise<Held> | undefined;
  #failure: { readonly error: TokenError; readonly untilMs: number } | undefined;

  constructor(options: TokenCacheOptions) {
    this.#options = options;
  }

  /** A token that is good for a while, fetched when there is none. @throws TokenError */
  async current(): Promise<Secret> {
    const held = this.#held;
    const nowMs = this.#options.monotonic();
    if (held !== undefined && nowMs < held.renewAtMs) return held.token;
    try {
      return (await this.#fetch()).token;
    } catch (error) {
      // It is near its end, not at it: the next one may wait.
      if (held !== undefined && this.#options.monotonic() < held.endAtMs) return held.token;
      throw error;
    }
  }

  /**
   * Another token after the cloud did not take `refused`: the one that somebody has fetched meanwhile, or a new one.
   * Undefined when that was fetched a moment ago: another one would fare no better. @throws TokenError
   */
  async renewed(refused: string): Promise<Secret | undefined> {
    const { monotonic, timing } = this.#options;
    const held = this.#held;
    if (held !== undefined && held.token.reveal() !== refused) return held.token;
    const isFresh = held !== undefined && monotonic() - held.fetchedAtMs < timing.tokenGapMs;
    if (isFresh && this.#flight === undefined) return undefined;
    const { token } = await this.#fetch();
    return token.reveal() === refused ? undefined : token;
  }

  /** Gives up what is under way. */
  close(): void {
    this.#closed.abort();
  }

  #fetch(): Promise<Held> {
    if (this.#flight !== undefined) return this.#flight;
    const failure = this.#failure;
    if (failure !== undefined && this.#options.monotonic() < failure.untilMs)
      return Promise.reject(failure.error);
    this.#flight = this.#ask().finally(() => (this.#flight = undefined));
    return this.#flight;
  }

  async #ask(): Promise<Held> {
    const { fetch, monotonic, cloudNow, backoff, timing, onToken } = this.#options;
    const own = new AbortController();
    const onClose = () => own.abort();
    const timer = setTimeout(onClose, timing.tokenFetchMs);
    this.#closed.signal.addEventListener('abort', onClose);
    try {
      if (this.#closed.signal.aborted) onClose();
      const token = new Secret(await fetch(own.signal));
      const { renewalMs, endMs } = lifeOf(token.reveal(), cloudNow());
      const nowMs = monotonic();
      onToken?.(token, this.#held?.token);
      this.#held = { token, fetchedAtMs: nowMs, renewAtMs: nowMs + renewalMs, endAtMs: nowMs + endMs };
      this.#failure = undefined;
      backoff.reset();
      return this.#held;
    } catch (error) {
      const told = error instanceof TokenError ? error : tokenError([error]);
      this.#failure = { error: told, untilMs: monotonic() + backoff.next(paceOf(told)) };
      throw told;
    } finally {
      clearTimeout(timer);
      this.#closed.signal.removeEventListener('abort', onClose);
    }
  }
}
