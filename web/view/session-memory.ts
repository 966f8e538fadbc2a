/*
 * What the page keeps until its tab is closed: sessionStorage, never cookies or localStorage. A browser may forbid even
 * that; then it is kept until the page is left.
 */

const PREFIX = 'gatehouse.';

/** What was kept under `key`. */
export function remembered(key: 'token' | 'name'): string | undefined {
  try {
    return sessionStorage.getItem(`${PREFIX}${key}`) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Keeps `value`; an empty one forgets. */
export function remember(key: 'token' | 'name', value: string): void {
  try {
    if (value === '') sessionStorage.removeItem(`${PREFIX}${key}`);
    else sessionStorage.setItem(`${PREFIX}${key}`, value);
  } catch {
    // Then it has to be typed again after the next load of the page.
  }
}
