import type { DeviceEndpoints } from '../../cloud/endpoints.js';
import type { StoredCredentials } from '../../config/credentials-file.js';
import type { Prompt } from '../prompt.js';
import { printable, table, type Terminal } from '../terminal.js';
import type { Draft, DraftConduit } from './draft.js';
import { conduitsFor, proposalsFor, type Proposals } from './proposals.js';
import { chosen, type Questions } from './questions.js';
import { endpointsOf } from './tenant.js';
import { checkConduitField, checkKey, checkPorts, conduitName, type Checked } from './values.js';

interface Surroundings {
  readonly prompt: Prompt;
  readonly questions: Questions;
  readonly terminal: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
}

type Permitted = Pick<Draft, 'conduits' | 'children'>;

/** Conduits: of the endpoints that the tenant has, and typed ones, beside those that the draft has already. */
export async function askConduits(
  draft: Draft,
  own: StoredCredentials | undefined,
  surroundings: Surroundings,
): Promise<Permitted> {
  const { terminal, questions } = surroundings;
  terminal.line('Nothing can be reached but what you permit here. It can be changed at any time.');
  const proposals = await read(draft, own, surroundings);
  const fromTenant = await choose(proposals, draft.conduits, surroundings);
  const conduits = [...draft.conduits, ...fromTenant.conduits];
  const question = 'Another one: host, network (10.0.5.0/24) or DNS name (Enter: no more)';
  for (;;) {
    const host = await questions.value<string>(question, (text) =>
      text === '' ? { value: '' } : field('host', text),
    );
    if (host === '') return { conduits, children: fromTenant.children };
    const ports = await questions.value(
      `  Ports of it, such as 5900 or 22,8080-8089, or * for all`,
      checkPorts,
    );
    const taken = new Set(conduits.map(({ name }) => name));
    const name = await questions.text('  Name of it in logs', conduitName(host, taken), (text) =>
      taken.has(text) ? { why: 'is the name of another one' } : field('name', text),
    );
    conduits.push({ name, host, ports });
  }
}

function field(key: 'name' | 'host', text: string): Checked<string> {
  const why = checkConduitField(key, text);
  return why === undefined ? { value: text } : { why };
}

/** The endpoints of the tenant, as often as somebody wants to try. */
async function read(
  draft: Draft,
  own: StoredCredentials | undefined,
  { prompt, questions, terminal, env }: Surroundings,
): Promise<Proposals | undefined> {
  let login = own;
  if (login === undefined) {
    terminal.line(
      'The tenant may have remote-access endpoints for this device already. A user of the tenant can',
    );
    terminal.line('read them for a proposal; it is not stored.');
  }
  for (;;) {
    login ??= await askReader(questions);
    if (login === undefined) return undefined;
    terminal.progress('reading the endpoints of the tenant…');
    try {
      const devices = await endpointsOf(draft, login, env, prompt.ended);
      return found(devices, draft.externalId, terminal);
    } catch (error) {
      prompt.ended.throwIfAborted();
      const why = error instanceof Error ? error.message : String(error);
      terminal.line(terminal.paint('yellow', printable(`  Not read: ${why}.`)));
      if (!(await questions.agree('Try again, as somebody else?', false))) return undefined;
      login = undefined;
    }
  }
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
  terminal: Terminal,
): Proposals | undefined {
  if (devices === undefined) {
    terminal.line(printable(`  The tenant does not know ${externalId} yet, so it has no endpoints.`));
    return undefined;
  }
  const proposals = proposalsFor(devices);
  for (const { endpoint, why } of proposals.impossible)
    terminal.line(
      terminal.paint(
        'yellow',
        printable(`  Left out: ${endpoint.name}, whose host ${endpoint.hostname} ${why}.`),
      ),
    );
  if (proposals.possible.length === 0)
    terminal.line('  The tenant has no endpoints for it that could be permitted.');
  return proposals;
}

async function choose(
  proposals: Proposals | undefined,
  own: readonly DraftConduit[],
  { questions, terminal }: Surroundings,
): Promise<Permitted> {
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
  const indices = await questions.value('Permit which (all, none, or numbers such as 1,3-5)', (text) =>
    chosen(text, possible.length),
  );
  return conduitsFor(
    indices.flatMap((index) => possible[index] ?? []),
    own,
  );
}
