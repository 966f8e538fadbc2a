import { readFileSync, statSync } from 'node:fs';
import { Secret } from '../../../contract/secret.js';
import { exposure } from '../../config/permissions.js';
import { VERIFICATION_SWITCH, verificationProblem } from '../../config/verification.js';
import { EXIT } from '../../exit-codes.js';
import { ConnectError } from './connect-error.js';
import { MAX_CA_FILE_BYTES, MAX_PASSWORD_FILE_BYTES } from './limits.js';

/** Which cloud, and as whom. */
export interface OperatorSettings {
  /** Origin: `https://host[:port]`; `http://` only for loopback. */
  readonly url: string;
  /** Value of the Authorization header. */
  readonly authorization: Secret;
  /** Roots to trust beside the usual ones, in PEM. */
  readonly ca: string | undefined;
}

/** Where the settings come from: flags first, then the environment. There is no flag for a secret. */
export interface OperatorFlags {
  readonly url?: string | undefined;
  readonly tenant?: string | undefined;
  readonly user?: string | undefined;
  /** File whose first line is the password. */
  readonly passwordFile?: string | undefined;
  /** File with roots in PEM that are trusted beside the usual ones. */
  readonly caFile?: string | undefined;
}

/**
 * Reads C8Y_BASEURL, C8Y_TENANT, C8Y_USER, C8Y_PASSWORD and C8Y_TOKEN where no flag says otherwise.
 * @throws ConnectError with exit code 64 that names everything that is missing; with 78 when verification is off.
 */
export function operatorSettings(
  flags: OperatorFlags,
  env: Readonly<Record<string, string | undefined>>,
): OperatorSettings {
  const unsafe = verificationProblem(env, '--ca FILE');
  if (unsafe !== undefined) throw new ConnectError(EXIT.config, `${VERIFICATION_SWITCH}=0 ${unsafe}.`);
  const url = flags.url ?? env.C8Y_BASEURL;
  const authorization = authorizationOf(flags, env);
  const missing = [
    ...(url === undefined || url === '' ? ['the cloud: --url or C8Y_BASEURL'] : []),
    ...(authorization === undefined
      ? ['credentials: C8Y_TOKEN, or C8Y_USER (--user) with C8Y_PASSWORD or --password-file']
      : []),
  ];
  if (url === undefined || authorization === undefined || missing.length > 0) {
    throw new ConnectError(EXIT.usage, `Not given: ${missing.join('; ')}.`);
  }
  return { url: originOf(url), authorization, ca: rootsOf(flags.caFile) };
}

function authorizationOf(
  flags: OperatorFlags,
  env: Readonly<Record<string, string | undefined>>,
): Secret | undefined {
  const user = flags.user ?? env.C8Y_USER;
  const token = env.C8Y_TOKEN;
  // A flag is nearer than the environment: whoever names a user means that one.
  if (flags.user === undefined && token !== undefined && token !== '') return new Secret(`Bearer ${token}`);
  const password = flags.passwordFile === undefined ? env.C8Y_PASSWORD : firstLine(flags.passwordFile);
  if (user === undefined || user === '' || password === undefined || password === '') return undefined;
  const tenant = flags.tenant ?? env.C8Y_TENANT ?? '';
  const name = tenant === '' || user.includes('/') ? user : `${tenant}/${user}`;
  return new Secret(`Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`);
}

function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isLoopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url?.hostname ?? '');
  if (url === undefined || !(url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback))) {
    const example = 'for example https://example.cumulocity.com';
    throw new ConnectError(EXIT.usage, `The cloud's URL must be https (http only for loopback), ${example}.`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new ConnectError(
      EXIT.usage,
      "The cloud's URL must not hold credentials; use C8Y_USER and C8Y_PASSWORD.",
    );
  }
  return url.origin;
}

function rootsOf(file: string | undefined): string | undefined {
  return file === undefined ? undefined : readSmall(file, MAX_CA_FILE_BYTES);
}

function firstLine(file: string): string {
  const exposed = exposureOf(file);
  if (exposed !== undefined) throw new ConnectError(EXIT.usage, `${file} is a file that ${exposed}.`);
  return readSmall(file, MAX_PASSWORD_FILE_BYTES).split(/\r?\n/, 1)[0] ?? '';
}

/** A file that is missing is reported by who reads it. */
function exposureOf(file: string): string | undefined {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat?.isFile() === true
    ? exposure(file, { mode: stat.mode, owner: stat.uid, group: stat.gid })
    : undefined;
}

function readSmall(file: string, maxBytes: number): string {
  try {
    if (statSync(file).size > maxBytes) throw new Error(`it is larger than ${maxBytes} bytes`);
    return readFileSync(file, 'utf8');
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new ConnectError(EXIT.usage, `Cannot read ${file}: ${cause}.`, { cause: error });
  }
}
