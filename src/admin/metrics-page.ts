import { METRICS_CACHE_MS } from './limits.js';

/** Whatever can write Prometheus text; `Metrics` does. */
export interface MetricsSource {
  readonly contentType: string;
  render(): Promise<string>;
}

/** The text of /metrics, made at most once per METRICS_CACHE_MS however many ask. */
export class MetricsPage {
  readonly contentType: string;
  readonly #source: MetricsSource;
  readonly #now: () => number;
  #text: Promise<string> | undefined;
  #madeAtMs = 0;

  constructor(source: MetricsSource, now: () => number) {
    this.contentType = source.contentType;
    this.#source = source;
    this.#now = now;
  }

  /** @throws what the source throws; the next call tries again. */
  async read(): Promise<string> {
    if (this.#text === undefined || this.#now() - this.#madeAtMs >= METRICS_CACHE_MS) {
      this.#madeAtMs = this.#now();
      this.#text = this.#source.render();
    }
    const text = this.#text;
    try {
      return await text;
    } catch (error) {
      if (this.#text === text) this.#text = undefined;
      throw error;
    }
  }
}
