import { uptime } from 'node:os';

/**
 * Milliseconds since the machine started, in steps of 10. Unlike performance.now() it goes on while the machine is
 * suspended, and unlike the wall clock nobody sets it.
 */
export function bootMs(): number {
  return uptime() * 1_000;
}
