import { full } from './platform-error.js';

/** Options of one tenant. */
const MAX_OPTIONS = 1_000;

/** Key-value settings of the tenant. */
export class TenantOptions {
  readonly #values = new Map<string, string>();

  get(category: string, key: string): string | undefined {
    return this.#values.get(`${category}/${key}`);
  }

  /** @throws PlatformError 507 when the store is full. */
  set(category: string, key: string, value: string): void {
    if (this.#values.size >= MAX_OPTIONS) throw full('tenant', MAX_OPTIONS);
    this.#values.set(`${category}/${key}`, value);
  }
}
