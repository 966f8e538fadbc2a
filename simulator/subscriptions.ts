import { PlatformError } from './store/platform-error.js';

/** The microservices that a tenant is subscribed to, by the name in their path: at first the one of remote access. */
export class Subscriptions {
  readonly #names = new Set(['remoteaccess']);

  add(name: string): void {
    this.#names.add(name);
  }

  remove(name: string): void {
    this.#names.delete(name);
  }

  /** As `/tenant/currentTenant` lists them. */
  list(): readonly string[] {
    return [...this.#names];
  }

  /** @throws PlatformError 404 for a path below `/service/` of a microservice that the tenant is not subscribed to. */
  demand(pathname: string): void {
    const name = /^\/service\/([^/]+)/.exec(pathname)?.[1];
    if (name === undefined || this.#names.has(name)) return;
    throw new PlatformError(404, 'microservice/Not Found', `Microservice ${name} not found.`);
  }
}
