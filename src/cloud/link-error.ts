import type { Pace } from './backoff.js';
import { paceOfRestError, RestError } from './rest-error.js';

/** The end of a link, or its refusal. The message is one sentence for a person, without secrets. */
export class LinkError extends Error {
  readonly pace: Pace;
  /** The cloud may have lost our device: it is looked up again before the next try. */
  readonly deviceUnknown: boolean;

  constructor(
    sentence: string,
    options: { readonly pace?: Pace; readonly deviceUnknown?: boolean; readonly cause?: unknown } = {},
  ) {
    super(sentence, { cause: options.cause });
    this.name = 'LinkError';
    this.pace = options.pace ?? { kind: 'normal' };
    this.deviceUnknown = options.deviceUnknown ?? false;
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
