import type { AdminErrorCode } from './errors.js';
import { SESSION_ID } from './limits.js';
import type { Reply, Stream } from './reply.js';

/** Who may use a route: `page` = no data, for everybody; `probe` = without a token; `guarded` = with it. */
export type Exposure = 'page' | 'probe' | 'guarded';

/** One path with what it answers to each method. `id` is the last part of a path that ends in one, else empty. */
export interface Route {
  readonly exposure: Exposure;
  readonly methods: Readonly<Partial<Record<'GET' | 'POST' | 'DELETE', Handler>>>;
  /** Fields that the body of a changing request may have. Default none. */
  readonly fields?: readonly string[];
}

export type Fields = Readonly<Record<string, unknown>>;

export type Handler = (id: string, fields: Fields) => Reply | Stream | Promise<Reply>;

/** What an id stands in, such as `/api/sessions/` ID. */
export interface IdPath {
  readonly prefix: string;
  /** What follows the id; empty when nothing does. */
  readonly suffix: string;
  readonly route: Route;
  /** The refusal for something below the prefix that is none of its paths. */
  readonly unknown: AdminErrorCode;
}

/** The routes: a fixed map of whole paths, and those with an id in them. */
export interface Routes {
  readonly paths: ReadonlyMap<string, Route>;
  readonly withId: readonly IdPath[];
}

/**
 * The route of a request target, or undefined. Paths are compared as they came: nothing is decoded, resolved or read
 * from the file system, so `..`, `%2e`, `//` and upper case find nothing.
 */
export function findRoute(routes: Routes, target: string): { route: Route; id: string } | undefined {
  const fixed = routes.paths.get(target);
  if (fixed !== undefined) return { route: fixed, id: '' };
  for (const { prefix, suffix, route } of routes.withId) {
    if (!target.startsWith(prefix) || !target.endsWith(suffix)) continue;
    const id = target.slice(prefix.length, target.length - suffix.length);
    if (SESSION_ID.test(id)) return { route, id };
  }
  return undefined;
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
