import { randomUUID } from 'node:crypto';
import { CLOUD_ID } from '../../../contract/limits.js';
import { EXIT } from '../../exit-codes.js';
import { printable } from '../terminal.js';
import type { Fix } from './fault.js';
import type { Outcome, Probe, ProbeContext } from './probe.js';
import { isFailed, roleMissing, tryGet, unexpected } from './request.js';
import { itemsAt, textAt } from './rest.js';
import type { Reply } from './rest.js';
import { command, setting, word } from './setting.js';

const DEADLINE_MS = 15_000;

/** What makes a device reachable by remote access. */
const OPERATION = 'c8y_RemoteAccessConnect';

/** `c8y_Agent.name` of a device on which our agent has run. */
const OUR_NAME = 'Gatehouse';

/** Roles with which a user may make a managed object. */
const MAY_CREATE = ['ROLE_INVENTORY_CREATE', 'ROLE_INVENTORY_ADMIN'];

/** What the cloud knows about the gateway. */
export const DEVICE_PROBES: readonly Probe[] = [
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
    run: (context) => Promise.resolve(judgeOperations(context)),
  },
];

async function findDevice(context: ProbeContext, signal: AbortSignal): Promise<Outcome> {
  const { externalId, externalIdType } = context.config.device;
  const path = identityPath(externalIdType, externalId);
  const reply = await tryGet(context, path, signal);
  if (isFailed(reply)) return reply;
  if (reply.status === 404) return notThere(context);
  if (reply.status === 403) return hiddenIdentity(context, signal);
  const id = textAt(reply.body, 'managedObject', 'id');
  if (reply.status !== 200 || id === undefined || !CLOUD_ID.test(id))
    return unexpected(context, path, reply.status);
  const object = await tryGet(context, objectPath(id), signal);
  return isFailed(object) ? object : judgeObject(context, id, object);
}

/** The agent will make it, if it may. */
function notThere({ config, facts }: ProbeContext): Outcome {
  const name = nameOf(config.device);
  if (facts.roles !== undefined && !MAY_CREATE.some((role) => facts.roles?.has(role)))
    return roleMissing(`create ${name}, which is not there yet`, 'ROLE_INVENTORY_CREATE', facts.user);
  return { status: 'ok', detail: `${name} is not there yet; the agent creates it at its first start` };
}

/** 403 means that the id is somebody else's, or that we may read no identities at all: one that nobody has tells. */
async function hiddenIdentity(context: ProbeContext, signal: AbortSignal): Promise<Outcome> {
  const nobodys = await tryGet(
    context,
    identityPath(context.config.device.externalIdType, randomUUID()),
    signal,
  );
  if (isFailed(nobodys)) return nobodys;
  if (nobodys.status === 404) return taken(context, undefined, 'somebody else');
  return roleMissing('read identities', 'ROLE_IDENTITY_READ', context.facts.user);
}

function judgeObject(context: ProbeContext, id: string, { status, body }: Reply): Outcome {
  const { config, facts } = context;
  if (status === 403) return taken(context, id, 'somebody else');
  if (status !== 200) return unexpected(context, objectPath(id), status);
  const owner = textAt(body, 'owner');
  facts.managedObjectId = id;
  facts.operations =
    itemsAt(body, 'c8y_SupportedOperations')?.filter((each) => typeof each === 'string') ?? [];
  facts.hasAgentRun = textAt(body, 'c8y_Agent', 'name') === OUR_NAME;
  const isOurs = owner === undefined || facts.user === undefined || owner === facts.user;
  const isAdmin = facts.roles === undefined || facts.roles.has('ROLE_INVENTORY_ADMIN');
  if (!isOurs && !isAdmin) return taken(context, id, printable(owner));
  return { status: 'ok', detail: `${nameOf(config.device)} is managed object ${id}` };
}

function taken({ config, origin, facts }: ProbeContext, id: string | undefined, owner: string): Outcome {
  const { externalId, externalIdType } = config.device;
  const user = facts.user ?? 'USER';
  const give: Fix =
    id === undefined
      ? command(
          'see which device it is, as an administrator, with go-c8y-cli',
          `c8y identity get --type ${word(externalIdType)} --name ${word(externalId)}`,
        )
      : command(
          'if it is this gateway, make it its own, as an administrator, with go-c8y-cli',
          `c8y inventory update --id ${id} --data ${word(`owner=${user}`)}`,
        );
  return {
    status: 'failed',
    fault: 'external-id-taken',
    detail: `${nameOf(config.device)} is a device that belongs to ${owner}, not to ${user}`,
    advice: 'another gateway has this external id, or this one has the credentials of another',
    fixes: [
      setting(origin, 'device.externalId', JSON.stringify(`${externalId}-2`), 'take an id that nobody has'),
      give,
    ],
    exit: EXIT.failed,
  };
}

function judgeOperations({ config, facts, origin }: ProbeContext): Outcome {
  const { managedObjectId: id, operations = [] } = facts;
  if (id === undefined) return { status: 'skipped', detail: 'there is no managed object yet' };
  if (operations.includes(OPERATION)) return { status: 'ok', detail: `${OPERATION} is declared` };
  const run = command(
    'start the agent, which declares it',
    `gatehouse run --config ${word(origin.file ?? 'FILE')}`,
  );
  // Before the first start nothing is wrong: no agent has had the chance yet.
  if (facts.isAgentRunning !== true && facts.hasAgentRun !== true)
    return {
      status: 'ok',
      detail: `${OPERATION} is not declared yet, as the agent has not run yet`,
      fixes: [run],
    };
  const whole = JSON.stringify({ c8y_SupportedOperations: [...operations, OPERATION] });
  return {
    status: 'failed',
    fault: 'operations-missing',
    detail: `${nameOf(config.device)} does not declare ${OPERATION}, so that the cloud offers no remote access`,
    advice: 'another agent of this device has replaced the list',
    fixes: [
      facts.isAgentRunning === true
        ? command('let the agent declare it again', 'sudo systemctl restart gatehouse')
        : run,
      command(
        'put it into the list, as an administrator, with go-c8y-cli',
        `c8y inventory update --id ${id} --data ${word(whole)}`,
      ),
    ],
    exit: EXIT.failed,
  };
}

function nameOf({ externalId, externalIdType }: { externalId: string; externalIdType: string }): string {
  return `${externalIdType} ${externalId}`;
}

function identityPath(type: string, externalId: string): string {
  return `/identity/externalIds/${encodeURIComponent(type)}/${encodeURIComponent(externalId)}`;
}

function objectPath(id: string): string {
  return `/inventory/managedObjects/${id}`;
}
