import type { Pace } from './backoff.js';
import { paceOfRestError, RestError } from './rest-error.js';
import type { Violation } from './violation.js';

/** The end of a link, or its refusal. The message is one sentence for a person, without secrets. */
export class LinkError extends Error {
  readonly pace: Pace;
  /** The cloud may have lost our device: it is looked up again before the next try. */
  readonly deviceUnknown: boolean;
  /** The other side ended a connection that was fine: not the network, and nothing that we did. */
  readonly byPeer: boolean;
  /** The other side did what it must not do. */
  readonly violation: Violation | undefined;

  constructor(
    sentence: string,
    options: {
      readonly pace?: Pace;
      readonly deviceUnknown?: boolean;
      readonly byPeer?: boolean;
      readonly violation?: Violation;
      readonly cause?: unknown;
    } = {},
  ) {
    super(sentence, { cause: options.cause });
    this.name = 'LinkError';
    this.pace = options.pace ?? { kind: 'normal' };
    this.deviceUnknown = options.deviceUnknown ?? false;
    this.byPeer = options.byPeer ?? false;
    this.violation = options.violation;
  }
}

/** How soon to try again after `error`. */
export function paceOf(error: unknown): Pace {
  if (error instanceof LinkError) return error.pace;
  return error instanceof RestError ? paceOfRestError(error) : { kind: 'normal' };
}

/** The sentence of `error` for log and status. */
export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
