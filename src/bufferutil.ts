import { createRequire } from 'node:module';

/**
 * Whether the optional package bufferutil brings native code for this platform and is permitted to load it: Node's
 * permission model blocks addons. The package then has a loop of its own in the same place.
 */
export function hasBufferutil(): boolean {
  try {
    const { mask } = createRequire(import.meta.url)('bufferutil') as { mask: unknown };
    return String(mask).includes('[native code]');
  } catch {
    return false;
  }
}

/** The same at start. Without it sessions work all the same, a little slower: worth a line, but no failure. */
export function findBufferutil(log: { warn(fields: object, message: string): void }): boolean {
  const isThere = hasBufferutil();
  if (!isThere) log.warn({}, 'bufferutil has no native code here, frames are masked without it');
  return isThere;
}
