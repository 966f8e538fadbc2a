import assert from 'node:assert/strict';

/** Longest wait for anything in a test, in ms: generous, because a loaded machine must not fail a test. */
const LIMIT_MS = 20_000;

/** How often a condition is looked at, in ms. */
const STEP_MS = 5;

/** The first value of `look` that is not undefined. Fails with `what` when none comes. */
export async function eventually<T>(look: () => T | undefined, what: string, limitMs = LIMIT_MS): Promise<T> {
  const deadlineMs = Date.now() + limitMs;
  for (;;) {
    const value = look();
    if (value !== undefined) return value;
    if (Date.now() > deadlineMs) assert.fail(`waited ${limitMs / 1000} s in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
}
