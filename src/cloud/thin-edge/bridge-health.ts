import { property } from '../json-value.js';

/** Largest health message that is looked at, in bytes; a real one has some 80. */
const MAX_HEALTH_BYTES = 4_096;

/**
 * What a health message says: mosquitto's bridge publishes `1` and `0`, the mapper's own `{"status":"up"}` or the bare
 * word. Undefined for anything else, and for an empty message, which only takes a retained one away.
 */
export function bridgeHealth(payload: Uint8Array): 'up' | 'down' | undefined {
  if (payload.length > MAX_HEALTH_BYTES) return undefined;
  const text = Buffer.from(payload).toString('utf8').trim();
  if (text === '1' || text === 'up') return 'up';
  if (text === '0' || text === 'down') return 'down';
  try {
    const status = property(JSON.parse(text), 'status');
    return status === 'up' || status === 'down' ? status : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the bridge to the cloud is up, as far as it tells: several may, and one that is up is enough. */
export class BridgeState {
  readonly #byTopic = new Map<string, 'up' | 'down'>();
  #waiting: (() => void)[] = [];

  /** A bridge of which nothing is known counts as up: not every set-up tells. */
  get isDown(): boolean {
    const states = [...this.#byTopic.values()];
    return states.length > 0 && !states.includes('up');
  }

  take(topic: string, payload: Uint8Array): void {
    const health = bridgeHealth(payload);
    if (health === undefined) this.#byTopic.delete(topic);
    else this.#byTopic.set(topic, health);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** Nothing is known any more: the connection that told it is gone. */
  forget(): void {
    this.#byTopic.clear();
  }

  /** Resolves when the bridge is (`down`) or is not (`up`) known to be down. */
  async becomes(state: 'up' | 'down'): Promise<void> {
    while (this.isDown !== (state === 'down')) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
}
