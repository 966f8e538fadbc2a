import type { Config } from '../config/config.js';
import { sha256 } from './record.js';

/**
 * SHA-256 of the effective configuration, in hex. Secrets do not go into it: of a short one the hash could be guessed
 * by whoever reads the log.
 */
export function configHash(config: Config): string {
  // Secret has a toJSON of its own.
  return sha256(JSON.stringify(config, sorted));
}

/** The order in which members are written down must not matter. */
function sorted(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}
