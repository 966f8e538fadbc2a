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
