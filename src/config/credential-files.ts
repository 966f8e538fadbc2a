import path from 'node:path';
import type { Layer } from './layers.js';
import type { Source } from './problem.js';

/** Keys that name a file with credentials in it. */
const KEYS = [
  'cloud.certFile',
  'cloud.keyFile',
  'cloud.passwordFile',
  'cloud.tokenFile',
  'cloud.credentialsFile',
];

/**
 * The files with credentials that a configuration names, or that thin-edge.io has them in, absolute: the agent looks
 * whether they change.
 */
export function credentialFiles(entries: Layer, folderOf: (source: Source) => string): string[] {
  const named = KEYS.flatMap((name) => {
    const entry = entries.get(name);
    return typeof entry?.raw === 'string' ? [path.resolve(folderOf(entry.source), entry.raw)] : [];
  });
  const source = entries.get('cloud.password')?.source;
  return source?.kind === 'thin-edge' ? [...named, source.file] : named;
}
