import { readSecretFile } from '../../config/secret-file.js';
import type { StoredCredentials } from '../../config/credentials-file.js';
import { BadValue } from '../../config/values.js';
import type { ProcessIo } from '../process-io.js';
import { Prompt } from '../prompt.js';

/** The user that new devices register with, the same on every public instance. Its password is not public. */
const USUAL_USER = 'management/devicebootstrap';

/** Flags that say who registers. There is none for the password itself: others could read it in the list of processes. */
export interface BootstrapFlags {
  /** `tenant/user`. */
  readonly bootstrapUser?: string | undefined;
  readonly bootstrapPasswordFile?: string | undefined;
}

/**
 * The bootstrap credentials: by flags, else by C8Y_BOOTSTRAP_TENANT, …_USER and …_PASSWORD, else the password is asked
 * for on the terminal. @throws BadValue with a whole sentence; PromptEnded
 */
export async function bootstrapLogin(
  flags: BootstrapFlags,
  io: Pick<ProcessIo, 'env' | 'stdin' | 'stderr'>,
): Promise<StoredCredentials> {
  const { env } = io;
  const [usualTenant = '', usualUser = ''] = USUAL_USER.split('/');
  const [tenant, user] = flags.bootstrapUser?.split('/') ?? [
    given(env.C8Y_BOOTSTRAP_TENANT) ?? usualTenant,
    given(env.C8Y_BOOTSTRAP_USER) ?? usualUser,
  ];
  if (given(tenant) === undefined || given(user) === undefined)
    throw new BadValue(`--bootstrap-user has the form tenant/user, such as ${USUAL_USER}.`);
  const password = await passwordFor(`${tenant ?? ''}/${user ?? ''}`, flags.bootstrapPasswordFile, io);
  return { tenant: tenant ?? '', user: user ?? '', password };
}

async function passwordFor(
  login: string,
  file: string | undefined,
  { env, stdin, stderr }: Pick<ProcessIo, 'env' | 'stdin' | 'stderr'>,
): Promise<string> {
  if (file !== undefined) return fromFile(file);
  const fromEnvironment = given(env.C8Y_BOOTSTRAP_PASSWORD);
  if (fromEnvironment !== undefined) return fromEnvironment;
  if (stdin.isTTY !== true)
    throw new BadValue(
      `The password of ${login} is not given: put it into a file and name that with --bootstrap-password-file, or set C8Y_BOOTSTRAP_PASSWORD.`,
    );
  const prompt = new Prompt(stdin, stderr);
  try {
    const password = await prompt.askSecret(`Password of ${login} (not shown): `);
    if (password === '') throw new BadValue('No password was given.');
    return password;
  } finally {
    prompt.close();
  }
}

function fromFile(file: string): string {
  try {
    return readSecretFile(file);
  } catch (error) {
    if (!(error instanceof BadValue)) throw error;
    throw new BadValue(`--bootstrap-password-file ${error.message}.`);
  }
}

function given(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
