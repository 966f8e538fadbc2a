import { CLOUD_ID } from '../../../contract/limits.js';
import { EXIT } from '../../exit-codes.js';
import { printable } from '../terminal.js';
import { connectionFailure } from './failure-text.js';
import type { Outcome, Probe, ProbeContext } from './probe.js';
import { get, textAt } from './rest.js';
import type { Reply } from './rest.js';

const DEADLINE_MS = 15_000;

/** Clock difference that is still fine, in ms: a tenth of the default `intake.operationAge`, far above any latency. */
const MAX_SKEW_MS = 30_000;

/** What makes a device reachable by remote access. */
const OPERATION = 'c8y_RemoteAccessConnect';

/** From the clock to what the cloud knows about the gateway. */
export const CLOUD_PROBES: readonly Probe[] = [
  { id: 'clock', title: 'clock', deadlineMs: DEADLINE_MS, needs: ['tls'], run: compareClocks },
  {
    id: 'credentials',
    title: 'credentials',
    deadlineMs: DEADLINE_MS,
    needs: ['tls', 'certificate'],
    run: tryCredentials,
  },
  { id: 'tenant', title: 'tenant', deadlineMs: DEADLINE_MS, needs: ['credentials'], run: compareTenant },
  {
    id: 'managed-object',
    title: 'managed object',
    deadlineMs: DEADLINE_MS,
    needs: ['credentials'],
    run: findDevice,
  },
  {
    id: 'supported-operations',
    title: 'supported operations',
    deadlineMs: DEADLINE_MS,
    needs: ['managed-object'],
    run: readOperations,
  },
];

async function compareClocks({ config, now }: ProbeContext, signal: AbortSignal): Promise<Outcome> {
  const startedAtMs = now();
  const reply = await tryGet(config, '/tenant/loginOptions', signal, '');
  if ('status' in reply && reply.status === 'failed') return reply;
  const { dateMs } = reply;
  if (dateMs === undefined) return { status: 'skipped', detail: 'the cloud sends no Date header' };
  // The header has whole seconds, cut off: on average half a second is missing.
  const skewMs = (startedAtMs + now()) / 2 - (dateMs + 500);
  const seconds = Math.round(Math.abs(skewMs) / 1_000);
  const direction = skewMs > 0 ? 'ahead of' : 'behind';
  if (Math.abs(skewMs) <= MAX_SKEW_MS) {
    return {
      status: 'ok',
      detail: seconds < 2 ? 'agrees with the cloud' : `${seconds} s ${direction} the cloud`,
    };
  }
  const advice = 'correct the clock (NTP): operations would seem too old, certificates not valid';
  return { status: 'failed', detail: `${seconds} s ${direction} the cloud`, advice, exit: EXIT.failed };
}

async function tryCredentials({ config }: ProbeContext, signal: AbortSignal): Promise<Outcome> {
  let reply = await tryGet(config, '/user/currentUser', signal);
  // A device user without the right to read itself is still a user whose password was accepted.
  if (reply.status === 403) reply = await tryGet(config, '/tenant/currentTenant', signal);
  if (reply.status === 'failed') return reply;
  if (reply.status === 401) return refused();
  if (reply.status === 200) {
    const user = textAt(reply.body, 'userName') ?? textAt(reply.body, 'id');
    return { status: 'ok', detail: user === undefined ? 'accepted' : `accepted as ${printable(user)}` };
  }
  if (reply.status === 403) return { status: 'ok', detail: 'accepted, with few permissions' };
  return unexpected(reply.status);
}

async function compareTenant({ config }: ProbeContext, signal: AbortSignal): Promise<Outcome> {
  const reply = await tryGet(config, '/tenant/currentTenant', signal);
  if (reply.status === 'failed') return reply;
  if (reply.status !== 200)
    return { status: 'skipped', detail: `the device may not read it (${reply.status})` };
  const name = printable(textAt(reply.body, 'name') ?? '');
  if (name === '') return { status: 'skipped', detail: 'the reply names none' };
  if (config.cloud.tenant === '' || config.cloud.tenant === name) return { status: 'ok', detail: name };
  const detail = `cloud.tenant is ${config.cloud.tenant}, the credentials belong to ${name}`;
  return { status: 'failed', detail, advice: `set cloud.tenant to ${name}`, exit: EXIT.failed };
}

async function findDevice({ config, facts }: ProbeContext, signal: AbortSignal): Promise<Outcome> {
  const { externalId, externalIdType } = config.device;
  const path = `/identity/externalIds/${encodeURIComponent(externalIdType)}/${encodeURIComponent(externalId)}`;
  const reply = await tryGet(config, path, signal);
  if (reply.status === 'failed') return reply;
  const name = `${externalIdType} ${externalId}`;
  if (reply.status === 404) {
    return { status: 'ok', detail: `${name} is not there yet; \`gatehouse run\` creates it` };
  }
  if (reply.status === 403) return forbidden('read identities', 'ROLE_IDENTITY_READ');
  const id = textAt(reply.body, 'managedObject', 'id');
  if (reply.status !== 200 || id === undefined || !CLOUD_ID.test(id)) return unexpected(reply.status);
  facts.managedObjectId = id;
  return { status: 'ok', detail: `${name} is managed object ${id}` };
}

async function readOperations({ config, facts }: ProbeContext, signal: AbortSignal): Promise<Outcome> {
  if (facts.managedObjectId === undefined)
    return { status: 'skipped', detail: 'there is no managed object yet' };
  const reply = await tryGet(config, `/inventory/managedObjects/${facts.managedObjectId}`, signal);
  if (reply.status === 'failed') return reply;
  if (reply.status === 403)
    return forbidden('read the inventory', 'ROLE_INVENTORY_READ, or make it owner of the device');
  if (reply.status !== 200) return unexpected(reply.status);
  const declared: unknown =
    typeof reply.body === 'object' && reply.body !== null
      ? Reflect.get(reply.body, 'c8y_SupportedOperations')
      : undefined;
  const isDeclared = Array.isArray(declared) && declared.includes(OPERATION);
  const detail = isDeclared
    ? `${OPERATION} is declared`
    : `${OPERATION} is not declared yet; \`gatehouse run\` adds it`;
  return { status: 'ok', detail };
}

type Failed = Extract<Outcome, { status: 'failed' }>;

async function tryGet(
  ...[config, path, signal, authorization]: Parameters<typeof get>
): Promise<Reply | Failed> {
  try {
    return await get(config, path, signal, authorization);
  } catch (error) {
    return connectionFailure(`GET ${path}`, error) as Failed;
  }
}

function refused(): Outcome {
  const advice = 'check cloud.tenant, user and password (or token); `gatehouse register` gets new ones';
  return { status: 'failed', detail: 'refused (401)', advice, exit: EXIT.refused };
}

function forbidden(what: string, role: string): Outcome {
  return {
    status: 'failed',
    detail: `the device may not ${what} (403)`,
    advice: `give it ${role}`,
    exit: EXIT.failed,
  };
}

function unexpected(status: number): Outcome {
  const advice =
    status >= 500
      ? 'the platform has a problem: try again later'
      : 'check that cloud.url is a Cumulocity tenant';
  return { status: 'failed', detail: `unexpected reply (${status})`, advice, exit: EXIT.failed };
}
