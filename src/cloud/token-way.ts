/** One way to a token for the device certificate. */
export interface TokenWay {
  /** Label of the metric and of the log. */
  readonly kind: 'endpoint' | 'mqtt';
  /** @throws RestError, LinkError */
  fetch(signal: AbortSignal): Promise<string>;
  /** Ends what it keeps open. */
  close(): Promise<void>;
}

/** Told of each try. */
export type OnTokenFetch = (way: TokenWay['kind'], outcome: 'ok' | 'refused' | 'failed') => void;
