import { SESSION_ID } from './limits.js';
import type { Reply, Stream } from './reply.js';

/** Who may use a route: `page` = no data, for everybody; `probe` = without a token; `guarded` = with it. */
export type Exposure = 'page' | 'probe' | 'guarded';

/** One path with what it answers to each method. `id` is the last part of a path that ends in one, else empty. */
export interface Route {
  readonly exposure: Exposure;
  readonly methods: Readonly<Partial<Record<'GET' | 'POST' | 'DELETE', Handler>>>;
}

export type Handler = (id: string) => Reply | Stream | Promise<Reply>;

/** The routes: a fixed map of whole paths, and one prefix that is followed by an id. */
export interface Routes {
  readonly paths: ReadonlyMap<string, Route>;
  readonly prefix: string;
  readonly withId: Route;
}

/**
 * The route of a request target, or undefined. Paths are compared as they came: nothing is decoded, resolved or read
 * from the file system, so `..`, `%2e`, `//` and upper case find nothing.
 */
export function findRoute(routes: Routes, target: string): { route: Route; id: string } | undefined {
  const route = routes.paths.get(target);
  if (route !== undefined) return { route, id: '' };
  if (!target.startsWith(routes.prefix)) return undefined;
  const id = target.slice(routes.prefix.length);
  return SESSION_ID.test(id) ? { route: routes.withId, id } : undefined;
}

/** The handler of `method`; HEAD is GET without the body. */
export function findHandler(route: Route, method: string): Handler | undefined {
  switch (method) {
    case 'GET':
    case 'HEAD':
      return route.methods.GET;
    case 'POST':
      return route.methods.POST;
    case 'DELETE':
      return route.methods.DELETE;
    default:
      return undefined;
  }
}

/** Value of the Allow header. */
export function allowed(route: Route): string {
  const methods = Object.keys(route.methods);
  return (methods.includes('GET') ? [...methods, 'HEAD'] : methods).join(', ');
}
