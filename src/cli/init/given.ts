import path from 'node:path';
import { readTextFile } from '../../config/file.js';
import type { KeyName } from '../../config/schema.js';
import { readSecretFile } from '../../config/secret-file.js';
import { BadValue } from '../../config/values.js';
import { printable } from '../terminal.js';
import type { Draft, DraftConduit, Login } from './draft.js';
import { checkConduit, checkKey, checkUrl, type Checked } from './values.js';

/** Largest certificate or key, in bytes; the loader has the last word. */
const MAX_PEM_BYTES = 1_048_576;

/** The flags of `gatehouse init`. None of them takes a secret: others could read it in the list of processes. */
export interface InitFlags {
  readonly url?: string | undefined;
  readonly device?: string | undefined;
  readonly tenant?: string | undefined;
  readonly user?: string | undefined;
  readonly passwordFile?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly credentialsFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly proxy?: string | undefined;
  readonly proxyFile?: string | undefined;
  readonly caFile?: string | undefined;
  readonly intake?: string | undefined;
  readonly conduit?: readonly string[] | undefined;
}

/** What the flags say of a draft; what is undefined is asked, or takes its default. */
export type Given = Partial<Draft>;

export interface Judgement {
  readonly given: Given;
  /** A sentence each. */
  readonly problems: readonly string[];
}

/** Judges the flags, all at once. Paths become absolute: from `cwd` they would mean something else in the file. */
export function givenBy(flags: InitFlags, cwd: string): Judgement {
  const problems: string[] = [];
  const take = <T>(
    flag: string,
    text: string | undefined,
    check: (text: string) => Checked<T>,
  ): T | undefined => {
    if (text === undefined) return undefined;
    const checked = check(text);
    if ('value' in checked) return checked.value;
    problems.push(`--${flag} ${checked.why}.`);
    return undefined;
  };
  const file = (name: string | undefined): string | undefined =>
    name === undefined ? undefined : path.resolve(cwd, name);
  const conduits = flags.conduit?.map((text) => take('conduit', text, checkConduit));
  const proxy = take('proxy', flags.proxy, (text) => checkProxy(text));
  const proxyFile = file(flags.proxyFile);
  const given: Given = {
    url: take('url', flags.url, checkUrl),
    externalId: take('device', flags.device, (text) => checkKey('device.externalId', text)),
    intake: take('intake', flags.intake, (text) => checkKey('intake.kind', text)),
    caFile: take('ca-file', file(flags.caFile), (text) => checkKey('cloud.caFile', text)),
    proxy:
      proxyFile !== undefined ? { file: proxyFile } : proxy === undefined ? undefined : { secret: proxy },
    conduits: conduits?.filter((conduit) => conduit !== undefined),
    login: loginBy(flags, file, problems),
  };
  problems.push(...duplicates(given.conduits ?? []));
  for (const [flag, name, key] of [
    ['password-file', flags.passwordFile, 'cloud.password'],
    ['token-file', flags.tokenFile, 'cloud.token'],
    ['proxy-file', flags.proxyFile, 'cloud.proxy'],
    ['cert-file', flags.certFile, undefined],
    ['key-file', flags.keyFile, undefined],
  ] as const) {
    const why = name === undefined ? undefined : whyNot(path.resolve(cwd, name), key);
    if (why !== undefined) problems.push(`--${flag} "${printable(name ?? '')}" ${why}.`);
  }
  return { given, problems };
}

/** What is wrong with a file, or with the secret that it holds; undefined when nothing is. */
function whyNot(file: string, key: KeyName | undefined): string | undefined {
  try {
    if (key === undefined) return void readTextFile(file, MAX_PEM_BYTES);
    const checked = checkKey(key, readSecretFile(file));
    return 'why' in checked ? `names a file whose content ${checked.why}` : undefined;
  } catch (error) {
    if (!(error instanceof BadValue)) throw error;
    return key === undefined ? `names a file that ${error.message}` : error.message;
  }
}

/** A proxy without credentials, so that it may stand on a command line. */
function checkProxy(text: string): Checked<string> {
  if (text.includes('@'))
    return { why: 'must not hold user or password: put the whole URL into a file for --proxy-file' };
  return checkKey('cloud.proxy', text);
}

function loginBy(
  flags: InitFlags,
  file: (name: string | undefined) => string | undefined,
  problems: string[],
): Login | undefined {
  const ways: Login[] = [];
  const [password, token, credentials] = [flags.passwordFile, flags.tokenFile, flags.credentialsFile].map(
    file,
  );
  const [certFile, keyFile] = [flags.certFile, flags.keyFile].map(file);
  if (flags.user !== undefined || password !== undefined) {
    if (flags.user === undefined || password === undefined)
      problems.push('--user and --password-file go together.');
    else
      ways.push({
        kind: 'password',
        tenant: flags.tenant ?? '',
        user: flags.user,
        password: { file: password },
      });
  } else if (flags.tenant !== undefined) problems.push('--tenant goes with --user and --password-file.');
  if (token !== undefined) ways.push({ kind: 'token', token: { file: token } });
  if (credentials !== undefined) ways.push({ kind: 'register', file: credentials });
  if (certFile !== undefined || keyFile !== undefined) {
    if (certFile === undefined || keyFile === undefined)
      problems.push('--cert-file and --key-file go together.');
    else ways.push({ kind: 'certificate', certFile, keyFile });
  }
  for (const [flag, key, value] of [
    ['tenant', 'cloud.tenant', flags.tenant],
    ['user', 'cloud.user', flags.user],
  ] as const) {
    const checked = value === undefined ? { value: '' } : checkKey(key, value);
    if ('why' in checked) problems.push(`--${flag} ${checked.why}.`);
  }
  if (ways.length > 1) problems.push('There is more than one way to log in; keep one.');
  return ways[0];
}

function duplicates(conduits: readonly DraftConduit[]): string[] {
  const names = conduits.map(({ name }) => name);
  const twice = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  return [...twice].map((name) => `--conduit: two are called ${name}.`);
}
