import path from 'node:path';
import { FileMissing, readTextFile } from './file.js';
import type { TextFile } from './file.js';
import type { LoadOptions } from './load.js';
import { ConfigError } from './problem.js';
import type { Problem } from './problem.js';
import { BadValue } from './values.js';

/** Largest configuration file, in bytes: ten thousand conduits. */
const MAX_FILE_BYTES = 1_048_576;

/** Looked for in the working directory, and then for the whole system. */
export const DEFAULT_FILE = 'gatehouse.yaml';
export const SYSTEM_FILE = '/etc/gatehouse/gatehouse.yaml';

/** The configuration file. */
export interface FoundFile extends TextFile {
  /** As it was named. */
  readonly file: string;
}

/**
 * The file that was named, else the first default one there is; none is fine when the environment has something.
 * @throws ConfigError when there is none, or it cannot be read.
 */
export function findFile(
  { file, cwd, systemFile = SYSTEM_FILE }: LoadOptions,
  mayLack: boolean,
): FoundFile | undefined {
  const candidates = file === undefined ? [DEFAULT_FILE, systemFile] : [file];
  for (const candidate of candidates) {
    try {
      return { file: candidate, ...readTextFile(path.resolve(cwd, candidate), MAX_FILE_BYTES) };
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      if (error instanceof FileMissing && file === undefined) continue;
      const next = '; `gatehouse init` makes one, and `gatehouse demo` needs none';
      const sentence = `${error.message}${error instanceof FileMissing ? next : ''}`;
      throw new ConfigError([fileProblem(candidate, sentence)]);
    }
  }
  if (mayLack) return undefined;
  throw new ConfigError([noFile(candidates, cwd)]);
}

/** Something that is wrong with the file as a whole. */
export function fileProblem(file: string, sentence: string): Problem {
  const message = `the configuration file ${sentence}`;
  return { source: { kind: 'file', file, line: 0 }, key: '', message, example: undefined };
}

function noFile(candidates: readonly string[], cwd: string): Problem {
  const message = [
    `no configuration: neither ${candidates.map((file) => path.resolve(cwd, file)).join(' nor ')} exists.`,
    'Make one with `gatehouse init`, name one with --config FILE, or try `gatehouse demo`, which needs none.',
    'The smallest one that works:',
    ...[
      'cloud:',
      '  url: https://acme.example.com',
      '  user: device_gw-7',
      '  passwordFile: /etc/gatehouse/password',
    ],
    ...[
      'device:',
      '  externalId: "gw-7"',
      'conduits:',
      '  - name: packaging-hmis',
      '    host: 10.0.5.0/24',
      '    ports: [5900]',
    ],
  ].join('\n');
  return { source: { kind: 'default' }, key: '', message, example: undefined };
}
