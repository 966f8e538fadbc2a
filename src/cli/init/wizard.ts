import { hostname } from 'node:os';
import path from 'node:path';
import type { Prompt } from '../prompt.js';
import type { Terminal } from '../terminal.js';
import { askConduits } from './conduit-questions.js';
import type { Draft, Login, SecretSource } from './draft.js';
import type { Given } from './given.js';
import { Questions } from './questions.js';
import { checkKey, checkUrl } from './values.js';

export interface WizardOptions {
  readonly prompt: Prompt;
  readonly terminal: Terminal;
  readonly given: Given;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** File name of the configuration without its ending. */
  readonly stem: string;
}

/** Asks for everything that the flags do not say. @throws PromptEnded, TooManyTries */
export async function askDraft(options: WizardOptions): Promise<Draft> {
  const { terminal, given, env, cwd } = options;
  const questions = new Questions(options.prompt, terminal);
  const title = (text: string): void => {
    terminal.line();
    terminal.line(terminal.paint('bold', text));
  };

  title('1 of 4  The cloud');
  const url =
    given.url ??
    (await questions.text('Address of the tenant, such as acme.example.com', env.C8Y_BASEURL, checkUrl));
  const way = await askWay(questions, given, cwd);

  title('2 of 4  This gateway');
  const externalId =
    given.externalId ??
    (await questions.text('External id by which the cloud knows it', hostname(), (text) =>
      checkKey('device.externalId', text),
    ));

  title('3 of 4  How it logs in');
  if (given.intake === 'thin-edge') terminal.line('As thin-edge.io does.');
  const isSaid = given.login !== undefined || given.intake === 'thin-edge';
  const login = isSaid
    ? (given.login ?? usualLogin(given.intake, options.stem))
    : await askLogin(questions, options);

  title('4 of 4  What may be reached');
  const { intake } = given;
  const draft: Draft = {
    url,
    externalId,
    login,
    intake,
    ...way,
    conduits: given.conduits ?? [],
    children: [],
  };
  const retypeLogin = (): Promise<Login> => askPassword(questions, env);
  return askConduits(draft, { ...options, questions, retypeLogin });
}

/** The login that nobody has chosen. */
export function usualLogin(intake: string | undefined, stem: string): Login {
  return intake === 'thin-edge'
    ? { kind: 'thin-edge' }
    : { kind: 'register', file: `${stem}.credentials.yaml` };
}

/** What stands between this gateway and the cloud: asked only where there is something. */
async function askWay(
  questions: Questions,
  given: Given,
  cwd: string,
): Promise<Pick<Draft, 'proxy' | 'caFile'>> {
  const isSaid = given.proxy !== undefined || given.caFile !== undefined;
  const isSpecial =
    !isSaid &&
    (await questions.agree('Is there an HTTP proxy, or a certificate authority of your own?', false));
  if (!isSpecial) return { proxy: given.proxy, caFile: given.caFile };
  const proxy = await questions.text('HTTP proxy as host:port (Enter: none)', '', (text) =>
    checkKey('cloud.proxy', text),
  );
  const source = proxy === '' ? undefined : await proxySource(questions, proxy);
  const caFile = await questions.text('File with the authority (PEM; Enter: none)', '', (text) =>
    checkKey('cloud.caFile', path.resolve(cwd, text)),
  );
  return { proxy: source, caFile: caFile === '' ? undefined : path.resolve(cwd, caFile) };
}

/** The proxy's URL, with its user and password if it has any. */
async function proxySource(questions: Questions, proxy: string): Promise<SecretSource> {
  const [, scheme = 'http://', bare = ''] = /^(https?:\/\/)?(.*)$/i.exec(proxy) ?? [];
  if (bare.includes('@')) return { secret: `${scheme}${bare}` };
  const any = (value: string): { value: string } => ({ value });
  const user = await questions.text('User of the proxy (Enter: none)', '', any);
  if (user === '') return { secret: `${scheme}${bare}` };
  const password = await questions.secret('Password of the proxy', any);
  return { secret: `${scheme}${encodeURIComponent(user)}:${encodeURIComponent(password)}@${bare}` };
}

async function askLogin(questions: Questions, { stem, env, cwd }: WizardOptions): Promise<Login> {
  const kind = await questions.choice<Exclude<Login['kind'], 'thin-edge'>>('Which', [
    ['It is new: register it, with gatehouse register (next)', 'register'],
    ['User and password of the device', 'password'],
    ['Token', 'token'],
    ['X.509 device certificate', 'certificate'],
  ]);
  const file = (key: 'cloud.certFile' | 'cloud.keyFile', what: string): Promise<string> =>
    questions
      .text(what, undefined, (text) => checkKey(key, path.resolve(cwd, text)))
      .then((text) => path.resolve(cwd, text));
  switch (kind) {
    case 'register':
      return usualLogin(undefined, stem);
    case 'password':
      return askPassword(questions, env);
    case 'token':
      return {
        kind,
        token: { secret: await questions.secret('Token', (text) => checkKey('cloud.token', text)) },
      };
    case 'certificate':
      return {
        kind,
        certFile: await file('cloud.certFile', 'File with the certificate (PEM)'),
        keyFile: await file('cloud.keyFile', 'File with its private key (PEM)'),
      };
  }
}

async function askPassword(questions: Questions, env: WizardOptions['env']): Promise<Login> {
  return {
    kind: 'password',
    tenant: await questions.text('Tenant id (Enter: found by the address)', env.C8Y_TENANT ?? '', (text) =>
      checkKey('cloud.tenant', text),
    ),
    user: await questions.text('User', env.C8Y_USER, (text) => checkKey('cloud.user', text)),
    password: { secret: await questions.secret('Password', (text) => checkKey('cloud.password', text)) },
  };
}
