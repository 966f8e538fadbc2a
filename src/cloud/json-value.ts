/*
 * Reading values out of parsed JSON that nobody has checked yet. Only own properties count, so that a key like
 * `__proto__` or `constructor` is plain data.
 */

/** The own property `key` of `value`; undefined when there is none or `value` is no object. */
export function property(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[key];
}

/** The own property at the end of a path of keys. */
export function propertyAt(value: unknown, ...keys: readonly string[]): unknown {
  return keys.reduce<unknown>(property, value);
}

/** The elements of the own array property `key`; empty when there is none. */
export function elements(value: unknown, key: string): readonly unknown[] {
  const found = property(value, key);
  return Array.isArray(found) ? (found as readonly unknown[]) : [];
}
