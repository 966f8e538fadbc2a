/** A deadline that is noticed this late, in ms, says more about this process than about whom it waited for. */
const STOOD_STILL_MS = 100;

/**
 * Calls `onLate` after `limitMs`, and gives what takes that back. If this process stood still meanwhile, it waits as long
 * once more: the answer may be there, and nobody here has had the time to look at it.
 *
 * @param now monotonic, in ms.
 */
export function fairTimer(limitMs: number, now: () => number, onLate: () => void): () => void {
  const sinceMs = now();
  let timer = setTimeout(() => {
    if (now() - sinceMs - limitMs > STOOD_STILL_MS) timer = setTimeout(onLate, limitMs);
    else onLate();
  }, limitMs);
  return () => clearTimeout(timer);
}
