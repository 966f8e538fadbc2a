import { paceOf, sentenceOf } from './link-error.js';
import { RestError } from './rest-error.js';

/** What stood in the way of a token. */
export type TokenTrouble = 'refused' | 'tls' | 'proxy' | 'timeout' | 'unreachable';

/** The device certificate brought no token. It has no status of its own: what was asked for with it is not known to be. */
export class TokenError extends RestError {
  readonly trouble: TokenTrouble;

  constructor(sentence: string, cause: unknown) {
    super('login', sentence, { cause, pace: paceOf(cause) });
    this.name = 'TokenError';
    this.trouble = troubleOf(cause);
  }
}

/** @param errors of the ways that were tried, in order; at least one. */
export function tokenError(errors: readonly unknown[]): TokenError {
  // What passes by itself decides how soon to try again.
  const telling = errors.find((error) => paceOf(error).kind !== 'slow') ?? errors[0];
  return new TokenError(`no token for the device certificate: ${errors.map(sentenceOf).join('; ')}`, telling);
}

function troubleOf(cause: unknown): TokenTrouble {
  if (!(cause instanceof RestError)) return paceOf(cause).kind === 'slow' ? 'refused' : 'unreachable';
  switch (cause.kind) {
    case 'tls':
    case 'proxy':
    case 'timeout':
      return cause.kind;
    case 'status':
      return cause.status === 401 || cause.status === 403 ? 'refused' : 'unreachable';
    default:
      return 'unreachable';
  }
}
