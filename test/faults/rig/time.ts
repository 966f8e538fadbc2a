import assert from 'node:assert/strict';

/**
 * What a machine that runs other rows at the same time may add to any time, in ms. The figure itself is told with the
 * result, so that a slow answer shows although it is let pass.
 */
export const GRACE_MS = 1_000;

/** Fails when `ms` is beyond `limitMs` and what a busy machine may add. */
export function assertWithin(ms: number, limitMs: number): void {
  assert.ok(ms <= limitMs + GRACE_MS, `${Math.round(ms)} ms, and ${limitMs} are allowed`);
}

/** Waits. For faults that are a lapse of time; whatever can be waited for by its event has to be. */
export function lapse(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
