/**
 * A refusal as the platform words it. `status` is what REST answers; `error` is the pair `<resource>/<kind>` of the
 * error body, on which clients match (message texts vary between releases).
 */
export class PlatformError extends Error {
  constructor(
    readonly status: number,
    readonly error: string,
    message: string,
  ) {
    super(message);
    this.name = 'PlatformError';
  }
}

/** 404 of a resource, for example `identity`. */
export function notFound(resource: string, message: string): PlatformError {
  return new PlatformError(404, `${resource}/Not Found`, message);
}

/** 422: the request was understood and its content is not acceptable. */
export function invalid(resource: string, message: string): PlatformError {
  return new PlatformError(422, `${resource}/validationError`, message);
}

/** 507: a store of the simulator is full. The real platform has no such bound that is documented. */
export function full(resource: string, limit: number): PlatformError {
  return new PlatformError(
    507,
    `${resource}/Full`,
    `The simulator keeps at most ${limit} entries of this kind.`,
  );
}
