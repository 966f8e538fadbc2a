/**
 * The state directory cannot be used; the message says what to change. `locked` passes when the other process ends; the
 * other two need somebody.
 */
export class StateError extends Error {
  constructor(
    readonly kind: 'unusable' | 'locked' | 'newer',
    sentence: string,
    options?: ErrorOptions,
  ) {
    super(sentence, options);
    this.name = 'StateError';
  }
}

/** The `errno` name of a failed system call, such as `ENOSPC`; undefined for other errors. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
