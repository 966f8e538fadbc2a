/** Calls `expired` once after `ms`; the function returned cancels it. */
export function guardedTimer(ms: number, expired: () => void): () => void {
  const timer = setTimeout(expired, ms);
  return () => clearTimeout(timer);
}

/**
 * Runs `work` under one absolute deadline: whatever phase it is in, it is aborted with `late()` when `ms` have passed,
 * or with the outer signal's reason when that is aborted first. A timer that counts inactivity instead would let a
 * peer that drips a byte now and then hold a dial for ever.
 */
export async function withDeadline<T>(
  ms: number,
  late: () => Error,
  outer: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  outer.throwIfAborted();
  const inner = new AbortController();
  const onOuterAbort = (): void => inner.abort(outer.reason);
  outer.addEventListener('abort', onOuterAbort);
  const stop = guardedTimer(ms, () => inner.abort(late()));
  try {
    return await work(inner.signal);
  } finally {
    stop();
    outer.removeEventListener('abort', onOuterAbort);
  }
}
