import { isAborted } from './pause.js';
import { paceOf } from './link-error.js';
import { tokenError } from './token-error.js';
import type { OnTokenFetch, TokenWay } from './token-way.js';

export interface TokenFetcherOptions {
  /** In the order in which they are tried. */
  readonly ways: readonly TokenWay[];
  /** The intake's own MQTT connection while it is up: it costs no handshake. */
  readonly overLink: () => TokenWay | undefined;
  readonly onFetch: OnTokenFetch;
}

/**
 * Asks for a token, one way after the other. Once one of them has worked it is the only one: MQTT with the device's
 * client id throws out whoever has that, so it must not be tried each time that the endpoint has a bad minute.
 */
export class TokenFetcher {
  readonly #options: TokenFetcherOptions;
  #proven: TokenWay | undefined;

  constructor(options: TokenFetcherOptions) {
    this.#options = options;
  }

  /** @throws TokenError with the sentences of all ways. */
  async fetch(signal: AbortSignal): Promise<string> {
    const { ways, overLink } = this.#options;
    const link = overLink();
    const own = this.#proven === undefined ? ways : [this.#proven];
    const errors: unknown[] = [];
    for (const way of link === undefined ? own : [link, ...own]) {
      try {
        const token = await this.#ask(way, signal);
        if (way !== link) this.#proven = way;
        return token;
      } catch (error) {
        errors.push(error);
        if (isAborted(signal)) break;
      }
    }
    throw tokenError(errors);
  }

  async close(): Promise<void> {
    await Promise.all(this.#options.ways.map((way) => way.close()));
  }

  async #ask(way: TokenWay, signal: AbortSignal): Promise<string> {
    const { onFetch } = this.#options;
    try {
      const token = await way.fetch(signal);
      onFetch(way.kind, 'ok');
      return token;
    } catch (error) {
      onFetch(way.kind, paceOf(error).kind === 'slow' ? 'refused' : 'failed');
      throw error;
    }
  }
}
