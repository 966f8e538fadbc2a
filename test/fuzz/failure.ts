import type { FuzzTarget } from './target.js';

/** Most tries of making a failing input smaller. */
const MAX_TRIES = 5_000;

/** What an input does to a target: undefined when everything holds. */
export function failureOf({ check }: FuzzTarget, input: Buffer): Error | undefined {
  try {
    check(input);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(`threw ${String(error)}`);
  }
}

/** What tells one failure from another: the kind of the error and where it was thrown. */
export function placeOf(error: Error): string {
  const frame = error.stack?.split('\n').find((line) => /^\s+at /.test(line)) ?? '';
  return `${error.name} ${frame.replace(/:\d+:\d+\)?$/, '').trim()}`;
}

/** A smaller input that fails in the same place: pieces are left out as long as that is so. */
export function minimised(target: FuzzTarget, input: Buffer, place: string): Buffer {
  let best = input;
  let tries = 0;
  for (let size = Math.ceil(best.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < best.length && tries < MAX_TRIES;) {
      const candidate = Buffer.concat([best.subarray(0, at), best.subarray(at + size)]);
      const error = failureOf(target, candidate);
      tries += 1;
      if (error !== undefined && placeOf(error) === place) best = candidate;
      else at += size;
    }
  }
  return best;
}
