/** The three functions of the reflect-metadata proposal that the certificate library's injector looks for. */
interface MetadataReflect {
  getMetadata?: (key: unknown, target: object) => unknown;
  getOwnMetadata?: (key: unknown, target: object) => unknown;
  defineMetadata?: (key: unknown, value: unknown, target: object) => void;
}

/**
 * Gives the global Reflect object those functions if nothing else did. `@peculiar/x509` builds on tsyringe, which
 * refuses to load without them; it needs no more than a table per class.
 */
export function installReflectMetadata(): void {
  const reflect = Reflect as MetadataReflect;
  if (reflect.getMetadata !== undefined) return;
  const tables = new WeakMap<object, Map<unknown, unknown>>();
  reflect.defineMetadata = (key, value, target) => {
    tables.set(target, (tables.get(target) ?? new Map<unknown, unknown>()).set(key, value));
  };
  reflect.getOwnMetadata = (key, target) => tables.get(target)?.get(key);
  reflect.getMetadata = (key, target) => {
    const parent: unknown = Object.getPrototypeOf(target);
    const own = tables.get(target)?.get(key);
    return own === undefined && typeof parent === 'function' ? reflect.getMetadata?.(key, parent) : own;
  };
}
