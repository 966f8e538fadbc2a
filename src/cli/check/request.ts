import { EXIT } from '../../exit-codes.js';
import type { Fix } from './fault.js';
import type { Outcome, ProbeContext } from './probe.js';
import { get } from './rest.js';
import type { Reply } from './rest.js';
import { command, setting, word } from './setting.js';
import { wayFailure } from './way-fault.js';

type Failed = Extract<Outcome, { status: 'failed' }>;

/** One GET to the cloud; a connection that fails is an outcome. `authorization` is the configured one unless given. */
export async function tryGet(
  context: ProbeContext,
  path: string,
  signal: AbortSignal,
  authorization?: string,
): Promise<Reply | Failed> {
  const { config } = context;
  try {
    return await get(config, path, signal, authorization);
  } catch (error) {
    return wayFailure(context, { key: 'cloud.url', url: config.cloud.url }, error) as Failed;
  }
}

/** Tells an outcome from a reply. */
export function isFailed(reply: Reply | Failed): reply is Failed {
  return reply.status === 'failed';
}

/** A status that nothing explains. */
export function unexpected({ config, origin }: ProbeContext, path: string, status: number): Outcome {
  const url = word(new URL(path, config.cloud.url).href);
  const detail = `GET ${path} was answered with ${status}`;
  if (status >= 500) {
    return {
      status: 'failed',
      fault: 'cloud-failing',
      detail,
      advice: 'the platform has a problem of its own; nothing is to be done here but to wait',
      fixes: [command('see whether it still has', `curl -sI ${url}`)],
      exit: EXIT.failed,
    };
  }
  return {
    status: 'failed',
    fault: 'not-cumulocity',
    detail,
    advice: 'what answers there is probably no Cumulocity tenant',
    fixes: [
      setting(origin, 'cloud.url', 'https://TENANT.example.com', 'name the tenant'),
      command('see what it is', `curl -si ${url}`),
    ],
    exit: EXIT.failed,
  };
}

/** The user lacks a role. `who` is its name, when known. */
export function roleMissing(what: string, role: string, who: string | undefined): Outcome {
  const fix: Fix = command(
    'give it that role, as an administrator, with go-c8y-cli (or in Administration, Users)',
    `c8y userroles addRoleToUser --user ${word(who ?? 'USER')} --role ${role}`,
  );
  return {
    status: 'failed',
    fault: 'role-missing',
    detail: `${who ?? 'the user'} may not ${what} (403)`,
    advice: `it lacks ${role}`,
    fixes: [fix],
    exit: EXIT.failed,
  };
}
