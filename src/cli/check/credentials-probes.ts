import { EXIT } from '../../exit-codes.js';
import { printable } from '../terminal.js';
import type { Outcome, Probe, ProbeContext } from './probe.js';
import { isFailed, tryGet, unexpected } from './request.js';
import { itemsAt, textAt } from './rest.js';
import { refusedAdvice, registerCommand } from './refused-credentials.js';
import { command, setting } from './setting.js';

const DEADLINE_MS = 15_000;

/** Who we are for the cloud. */
export const CREDENTIALS_PROBES: readonly Probe[] = [
  {
    id: 'credentials',
    title: 'credentials',
    deadlineMs: DEADLINE_MS,
    needs: ['tls', 'certificate'],
    run: tryCredentials,
  },
  { id: 'tenant', title: 'tenant', deadlineMs: DEADLINE_MS, needs: ['credentials'], run: compareTenant },
];

/** The same before `gatehouse register`: what needs credentials is passed over, whatever the way to the cloud is like. */
export const UNREGISTERED_PROBES: readonly Probe[] = CREDENTIALS_PROBES.map((probe) =>
  probe.id === 'credentials'
    ? { ...probe, needs: [], run: (context) => Promise.resolve(missing(context)) }
    : probe,
);

function missing({ config, origin }: ProbeContext): Outcome {
  return {
    status: 'failed',
    fault: 'credentials-missing',
    detail: `${config.cloud.credentialsFile ?? 'the file of cloud.credentialsFile'} does not exist`,
    advice: 'this device is not registered yet',
    fixes: [command('let it get credentials from the cloud', registerCommand(origin))],
    exit: EXIT.config,
  };
}

async function tryCredentials(context: ProbeContext, signal: AbortSignal): Promise<Outcome> {
  const path = '/user/currentUser';
  let reply = await tryGet(context, path, signal);
  if (isFailed(reply)) return reply;
  const { status, body } = reply;
  // A device user without the right to read itself is still a user whose password was accepted.
  if (status === 403) reply = await tryGet(context, '/tenant/currentTenant', signal);
  if (isFailed(reply)) return reply;
  if (reply.status === 401) return refused(context, await tenantOfHost(context, signal));
  if (status === 200) {
    const user = printable(textAt(body, 'userName') ?? textAt(body, 'id') ?? '');
    const roles = itemsAt(body, 'effectiveRoles');
    context.facts.user = user === '' ? undefined : user;
    if (roles !== undefined) context.facts.roles = new Set(roles.map((role) => textAt(role, 'id') ?? ''));
    return { status: 'ok', detail: user === '' ? 'accepted' : `accepted as ${user}` };
  }
  if (reply.status === 200 || reply.status === 403)
    return { status: 'ok', detail: 'accepted, with few permissions' };
  return unexpected(context, path, reply.status);
}

/** The id of the tenant that this host belongs to: the login page gets it without credentials. */
async function tenantOfHost(context: ProbeContext, signal: AbortSignal): Promise<string | undefined> {
  const reply = await tryGet(context, '/tenant/loginOptions', signal, '');
  if (isFailed(reply)) return undefined;
  const [id] = (itemsAt(reply.body, 'loginOptions') ?? []).flatMap((option) => {
    const [, found] = /[?&]tenant_id=([\w.-]{1,100})(?:&|$)/.exec(textAt(option, 'initRequest') ?? '') ?? [];
    return found === undefined ? [] : [found];
  });
  return id;
}

function refused(context: ProbeContext, actual: string | undefined): Outcome {
  const { config, origin } = context;
  const { tenant } = config.cloud;
  if (actual !== undefined && tenant !== '' && tenant !== actual) {
    return {
      status: 'failed',
      fault: 'tenant-wrong',
      detail: `refused (401): this host belongs to tenant ${actual}`,
      advice: 'cloud.tenant is another one, and a user exists in its own tenant only',
      fixes: [setting(origin, 'cloud.tenant', actual, 'name that tenant')],
      exit: EXIT.refused,
    };
  }
  return {
    status: 'failed',
    fault: 'credentials-refused',
    detail: `refused (401)${actual === undefined || tenant === '' ? '' : `, and the tenant is right`}`,
    ...refusedAdvice(context, tenant === '' ? '' : `${actual ?? 'TENANT'}/`),
    exit: EXIT.refused,
  };
}

async function compareTenant(context: ProbeContext, signal: AbortSignal): Promise<Outcome> {
  const { config, origin, facts } = context;
  const reply = await tryGet(context, '/tenant/currentTenant', signal);
  if (isFailed(reply)) return reply;
  if (reply.status !== 200)
    return { status: 'skipped', detail: `the device may not read it (${reply.status})` };
  facts.applications = applicationsIn(reply.body);
  const name = printable(textAt(reply.body, 'name') ?? '');
  if (name === '') return { status: 'skipped', detail: 'the reply names none' };
  if (config.cloud.tenant === '' || config.cloud.tenant === name) return { status: 'ok', detail: name };
  return {
    status: 'failed',
    fault: 'tenant-wrong',
    detail: `cloud.tenant is ${config.cloud.tenant}, the credentials belong to ${name}`,
    advice: 'the two have to agree',
    fixes: [setting(origin, 'cloud.tenant', name, 'name that tenant')],
    exit: EXIT.failed,
  };
}

/** What the tenant is subscribed to, by all the names an application has. */
function applicationsIn(body: unknown): Set<string> | undefined {
  const references = itemsAt(body, 'applications', 'references');
  if (references === undefined) return undefined;
  const names = references.flatMap((reference) =>
    ['name', 'key', 'contextPath'].map((field) => textAt(reference, 'application', field) ?? ''),
  );
  return new Set(names.map((name) => name.toLowerCase()));
}
