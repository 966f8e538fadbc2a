import { readYaml } from './document.js';
import { FileMissing, readTextFile } from './file.js';
import { printable, type Entry, type Layer } from './layers.js';
import { exposure } from './permissions.js';
import type { Problem, Source } from './problem.js';
import type { KeyName } from './schema.js';
import { BadValue } from './values.js';

/** Largest file of credentials, in bytes: a password of 10 KiB, and room for comments. */
const MAX_CREDENTIALS_BYTES = 16_384;

/** What `gatehouse register` stores, as the cloud handed it out. The password is a secret. */
export interface StoredCredentials {
  readonly tenant: string;
  readonly user: string;
  readonly password: string;
}

/** The keys that a file of credentials stands for. */
const HELD: ReadonlyMap<string, KeyName> = new Map([
  ['tenant', 'cloud.tenant'],
  ['user', 'cloud.user'],
  ['password', 'cloud.password'],
]);

/** The keys by which else the agent could say who it is; with `cloud.credentialsFile` none of them may be set. */
export const OTHER_CREDENTIALS: readonly string[] = [
  ...HELD.values(),
  'cloud.passwordFile',
  'cloud.token',
  'cloud.tokenFile',
  'cloud.certFile',
  'cloud.keyFile',
];

/** The content of a file of credentials. */
export function credentialsText({ tenant, user, password }: StoredCredentials, writtenAt: Date): string {
  return [
    `# Device credentials, stored by gatehouse register on ${writtenAt.toISOString()}.`,
    '# The cloud hands them out only once: keep this file, and keep it closed to others (mode 0600).',
    // A JSON string is a YAML string, whatever it holds.
    `tenant: ${JSON.stringify(tenant)}`,
    `user: ${JSON.stringify(user)}`,
    `password: ${JSON.stringify(password)}`,
    '',
  ].join('\n');
}

/** Takes every credential out of the entries and puts these in. */
export function loginAs(entries: Layer, { tenant, user, password }: StoredCredentials): void {
  const source: Source = { kind: 'command line' };
  for (const name of OTHER_CREDENTIALS) entries.delete(name);
  entries.set('cloud.tenant', { raw: tenant, source });
  entries.set('cloud.user', { raw: user, source });
  entries.set('cloud.password', { raw: password, source });
}

/** Puts what the file of `cloud.credentialsFile` holds in the places of the keys that it stands for. */
export function openCredentials(entries: Layer, problems: Problem[]): void {
  const named = entries.get('cloud.credentialsFile');
  if (typeof named?.raw !== 'string') return;
  const file = named.raw;
  try {
    for (const [name, entry] of contentOf(file)) entries.set(name, entry);
  } catch (error) {
    if (!(error instanceof BadValue)) throw error;
    const isUnregistered = error instanceof FileMissing;
    problems.push({
      source: named.source,
      key: 'cloud.credentialsFile',
      message: `"${printable(file)}" names a file that ${error.message}${isUnregistered ? '; `gatehouse register` makes it' : ''}`,
      example: undefined,
      ...(isUnregistered ? { isUnregistered } : {}),
    });
  }
}

/** @throws BadValue with the rest of a sentence that begins with `a file that`; it repeats nothing of the content. */
function contentOf(file: string): ReadonlyMap<KeyName, Entry> {
  const { text, permissions } = readTextFile(file, MAX_CREDENTIALS_BYTES);
  const exposed = exposure(file, permissions);
  if (exposed !== undefined) throw new BadValue(exposed);
  const tree = readYaml(text);
  const { root, problems } = tree;
  const [problem] = problems;
  if (problem !== undefined) throw new BadValue(`is no YAML in line ${problem.line}`);
  if (typeof root !== 'object' || root === null || Array.isArray(root)) throw new BadValue('holds no keys');
  const found = new Map<KeyName, Entry>();
  for (const [name, raw] of Object.entries(root)) {
    const key = HELD.get(name);
    if (key === undefined) throw new BadValue('holds a key other than tenant, user and password');
    found.set(key, { raw, source: { kind: 'file', file, line: tree.lineOf(name) } });
  }
  for (const name of ['cloud.user', 'cloud.password'] as const) {
    if (!found.has(name)) throw new BadValue(`lacks ${name.slice('cloud.'.length)}`);
  }
  return found;
}
