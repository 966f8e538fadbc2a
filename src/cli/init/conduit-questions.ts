import type { DeviceEndpoints } from '../../cloud/endpoints.js';
import { RestError } from '../../cloud/rest-error.js';
import type { StoredCredentials } from '../../config/credentials-file.js';
import { wrapped } from '../check/report.js';
import type { Prompt } from '../prompt.js';
import { printable, table, type Terminal } from '../terminal.js';
import type { Draft, DraftConduit, Login } from './draft.js';
import { conduitsFor, proposalsFor, type Proposals } from './proposals.js';
import { chosen, type Questions } from './questions.js';
import { endpointsOf } from './tenant.js';
import { checkConduitField, checkKey, checkPorts, conduitName, type Checked } from './values.js';

interface Surroundings {
  readonly prompt: Prompt;
  readonly questions: Questions;
  readonly terminal: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Asks for the device's user and password once more. */
  readonly retypeLogin: () => Promise<Login>;
}

/** Conduits: of the endpoints that the tenant has, and typed ones, beside those that the draft has already. */
export async function askConduits(asked: Draft, surroundings: Surroundings): Promise<Draft> {
  const { terminal, questions } = surroundings;
  terminal.line('Nothing can be reached but what you permit here. It can be changed at any time.');
  const { draft, proposals } = await read(asked, surroundings);
  const fromTenant = await choose(proposals, draft.conduits, surroundings);
  const conduits = [...draft.conduits, ...fromTenant.conduits];
  for (;;) {
    const question =
      conduits.length === 0
        ? 'Host, network (10.0.5.0/24) or DNS name (Enter: none)'
        : 'Another host, network or DNS name (Enter: no more)';
    const host = await questions.value<string>(question, (text) =>
      text === '' ? { value: '' } : field('host', text),
    );
    if (host === '') return { ...draft, conduits, children: fromTenant.children };
    const ports = await questions.value(
      '  Its ports, such as 5900 or 22,8080-8089, or * for all',
      checkPorts,
    );
    const taken = new Set(conduits.map(({ name }) => name));
    const name = await questions.text('  Its name in logs', conduitName(host, taken), (text) =>
      taken.has(text) ? { why: 'is the name of another one' } : field('name', text),
    );
    conduits.push({ name, host, ports });
  }
}

function field(key: 'name' | 'host', text: string): Checked<string> {
  const why = checkConduitField(key, text);
  return why === undefined ? { value: text } : { why };
}

interface Reading {
  /** With another login, where the first one was mistyped. */
  readonly draft: Draft;
  readonly proposals: Proposals | undefined;
}

/** The endpoints of the tenant: with the device's own credentials where they are known, else with somebody's. */
async function read(asked: Draft, surroundings: Surroundings): Promise<Reading> {
  const { questions, terminal, retypeLogin } = surroundings;
  let draft = asked;
  for (let own = ownLogin(draft.login); own !== undefined; own = ownLogin(draft.login)) {
    const result = await tryToRead(draft, own, surroundings);
    if (!(result instanceof RestError)) return { draft, proposals: result };
    const isRefused = result.status === 401;
    if (!isRefused || !(await questions.agree('Type user and password again?', true)))
      return { draft, proposals: undefined };
    draft = { ...draft, login: await retypeLogin() };
  }
  terminal.line('The tenant may have remote-access endpoints for this device already. A user of');
  terminal.line('the tenant can read them for a proposal; who that is will not be stored.');
  for (;;) {
    const somebody = await askReader(questions);
    if (somebody === undefined) return { draft, proposals: undefined };
    const result = await tryToRead(draft, somebody, surroundings);
    if (!(result instanceof RestError)) return { draft, proposals: result };
  }
}

/** The device's own credentials, where they have just been typed: good enough to read its endpoints. */
function ownLogin(login: Login): StoredCredentials | undefined {
  if (login.kind !== 'password' || !('secret' in login.password)) return undefined;
  return { tenant: login.tenant, user: login.user, password: login.password.secret };
}

async function tryToRead(
  draft: Draft,
  login: StoredCredentials,
  { questions, prompt, terminal, env }: Surroundings,
): Promise<Proposals | undefined | RestError> {
  terminal.progress('reading the endpoints of the tenant…');
  try {
    const endpoints = await endpointsOf(draft, login, env, prompt.ended);
    return found(endpoints, draft.externalId, { questions, terminal });
  } catch (error) {
    prompt.ended.throwIfAborted();
    if (!(error instanceof RestError)) throw error;
    questions.remark(`Not read: ${whyNot(error)}.`);
    return error;
  }
}

function whyNot({ status, message }: RestError): string {
  if (status === 401) return 'the cloud does not accept this user and password';
  if (status === 403) return 'this user may not read the device (it takes read permission for the inventory)';
  return message;
}

async function askReader(questions: Questions): Promise<StoredCredentials | undefined> {
  const login = await questions.value<readonly [string, string] | undefined>(
    'User as tenant/user (Enter: do not read them)',
    (text) => {
      if (text === '') return { value: undefined };
      const [, tenant = '', user = ''] = /^(?:([^/]*)\/)?(.*)$/.exec(text) ?? [];
      const checked = checkKey('cloud.user', user);
      return 'why' in checked ? checked : { value: [tenant, user] };
    },
  );
  if (login === undefined) return undefined;
  const [tenant, user] = login;
  const password = await questions.secret('Password', (text) => checkKey('cloud.password', text));
  return { tenant, user, password };
}

function found(
  devices: readonly DeviceEndpoints[] | undefined,
  externalId: string,
  { questions, terminal }: Pick<Surroundings, 'questions' | 'terminal'>,
): Proposals | undefined {
  if (devices === undefined) {
    const sentence = `The tenant does not know ${externalId} yet, so it has no endpoints.`;
    for (const line of wrapped(sentence, terminal, 2)) terminal.line(line);
    return undefined;
  }
  const proposals = proposalsFor(devices);
  for (const { endpoint, why } of proposals.impossible)
    questions.remark(`Left out: ${endpoint.name}, whose host ${endpoint.hostname} ${why}.`);
  if (proposals.possible.length === 0)
    terminal.line('  The tenant has no endpoints for it that could be permitted.');
  return proposals;
}

async function choose(
  proposals: Proposals | undefined,
  own: readonly DraftConduit[],
  { questions, terminal }: Surroundings,
): Promise<Pick<Draft, 'conduits' | 'children'>> {
  const possible = proposals?.possible ?? [];
  if (possible.length === 0) return { conduits: [], children: [] };
  terminal.line('The tenant has these endpoints:');
  const rows = possible.map(({ endpoint, device, host }, index) => [
    `  ${index + 1}`,
    endpoint.name,
    `${host}:${endpoint.port}`,
    endpoint.protocol,
    device.isGateway ? 'this gateway' : device.name,
  ]);
  for (const line of table(rows)) terminal.line(printable(line));
  // Without a default: what may be reached is said, not waved through.
  const indices = await questions.value('Permit which? all, none, or numbers such as 1,3-5', (text) =>
    chosen(text, possible.length),
  );
  return conduitsFor(
    indices.flatMap((index) => possible[index] ?? []),
    own,
  );
}
