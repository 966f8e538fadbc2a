import type { Route } from './call.js';

/** A route and what its pattern matched. */
export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/** Finds routes. */
export class Router {
  readonly #routes: readonly { readonly route: Route; readonly segments: readonly string[] }[];

  constructor(routes: readonly Route[]) {
    this.#routes = routes.map((route) => ({ route, segments: route.path.split('/') }));
  }

  /** The route; `method-not-allowed` when the path exists for other methods; undefined when it does not exist. */
  find(method: string, pathname: string): Match | 'method-not-allowed' | undefined {
    const segments = pathname.replace(/\/+$/, '').split('/');
    const here = this.#routes
      .map(({ route, segments: pattern }) => ({ route, params: match(pattern, segments) }))
      .filter((each): each is Match => each.params !== undefined);
    const wanted = method === 'HEAD' ? 'GET' : method;
    return (
      here.find(({ route }) => route.method === wanted) ??
      (here.length > 0 ? 'method-not-allowed' : undefined)
    );
  }
}

function match(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, wanted] of pattern.entries()) {
    const given = decode(segments[index] ?? '');
    if (given === undefined) return undefined;
    if (wanted.startsWith(':') && given !== '') params[wanted.slice(1)] = given;
    else if (wanted !== given) return undefined;
  }
  return params;
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
