import type { Stats } from 'node:fs';
import { access, constants, stat } from 'node:fs/promises';
import path from 'node:path';
import { EXIT } from '../../exit-codes.js';
import { printable } from '../terminal.js';
import { lockOwner } from '../../journal/directory-lock.js';
import { at } from './dial.js';
import type { Place } from './dial.js';
import { askAgent, listens } from './listening.js';
import { canMake } from './places.js';
import { codeOf } from './connection-error.js';
import type { Outcome, Probe, ProbeContext } from './probe.js';
import { command, setting, word } from './setting.js';

const DEADLINE_MS = 5_000;

/** Ports after the configured one among which a free one is looked for; 0, any free one, is proposed when none is. */
const PORTS_TRIED = 20;

/** What the agent needs on this machine. */
export const LOCAL_PROBES: readonly Probe[] = [
  { id: 'admin', title: 'admin listener', deadlineMs: DEADLINE_MS, needs: [], run: tryAdmin },
  // Behind it, which tells whether our own agent runs.
  { id: 'state', title: 'state directory', deadlineMs: DEADLINE_MS, needs: [], run: lookAtState },
];

async function lookAtState(context: ProbeContext): Promise<Outcome> {
  const { directory } = context.config.state;
  if (directory === undefined) return { status: 'skipped', detail: 'state.directory is off' };
  const self = process.geteuid?.() ?? 0;
  try {
    const found = await stat(directory);
    const trouble = stateTrouble(directory, found, self);
    if (trouble === undefined) {
      const whose = found.uid === self ? '' : `, of user ${found.uid}`;
      return await lookAtLock(context, directory, `${directory}${whose}`);
    }
    return unusableState(context, directory, ...trouble);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT')
      return unusableState(
        context,
        directory,
        codeOf(error),
        `sudo install -d -m 0700 -o ${self} ${word(directory)}`,
      );
  }
  if (await canMake(directory)) return { status: 'ok', detail: `${directory} is made at the first start` };
  const fix = `sudo install -d -m 0700 -o ${self} ${word(directory)}`;
  return unusableState(context, directory, `is not there, and user ${self} may not make it`, fix);
}

/** An agent that runs with the directory is no fault when it is the one of this configuration. */
async function lookAtLock(
  { config, facts, origin }: ProbeContext,
  directory: string,
  place: string,
): Promise<Outcome> {
  const owner = facts.isAgentRunning === true ? undefined : await lockOwner(directory);
  if (owner === undefined) return { status: 'ok', detail: place };
  const { listen } = config.admin;
  // Then it may well be ours: nobody can be asked.
  if (listen.kind === 'off' || (listen.kind === 'tcp' && listen.port === 0))
    return { status: 'ok', detail: `${place}, in use by ${owner}` };
  const [, pid] = /^process (\d+)$/.exec(owner) ?? [];
  return {
    status: 'failed',
    fault: 'state-in-use',
    detail: `${place} is in use by ${owner}, an agent that does not answer at admin.listen`,
    advice: 'two agents cannot share it, so this one does not start while that one runs',
    fixes: [
      setting(origin, 'state.directory', `${directory}-2`, 'give this one a directory of its own'),
      command(
        'or see which agent that is, and stop it',
        pid === undefined ? 'pgrep -af gatehouse' : `ps -fp ${pid}`,
      ),
    ],
    exit: EXIT.failed,
  };
}

/** What is wrong with a directory that is there, and the command against it. */
function stateTrouble(directory: string, found: Stats, self: number): [string, string] | undefined {
  const name = word(directory);
  const { mode, uid } = found;
  if (!found.isDirectory()) return ['is no directory', `mv ${name} ${name}.old`];
  const octal = (mode & 0o777).toString(8).padStart(4, '0');
  if ((mode & 0o022) !== 0) return [`can be written by others (mode ${octal})`, `chmod 0700 ${name}`];
  // Root may look at what belongs to the agent's own user.
  if (uid !== self && self !== 0)
    return [`belongs to user ${uid}, not to ${self}`, `sudo chown -R ${self} ${name}`];
  return undefined;
}

function unusableState({ origin }: ProbeContext, directory: string, what: string, fix: string): Outcome {
  return {
    status: 'failed',
    fault: 'state-unusable',
    detail: `${directory} ${what}`,
    advice: 'the agent keeps there which operations it has seen, and does not start without it',
    fixes: [
      command('put it right', fix),
      setting(origin, 'state.directory', 'off', 'go without; after a crash the cloud may then be told late'),
    ],
    exit: EXIT.failed,
  };
}

async function tryAdmin(context: ProbeContext, signal: AbortSignal): Promise<Outcome> {
  const { listen } = context.config.admin;
  if (listen.kind === 'off') return { status: 'skipped', detail: 'admin.listen is off' };
  const where = listen.kind === 'unix' ? { path: listen.path } : listen;
  const name = listen.kind === 'unix' ? listen.path : at(listen);
  const { admin, device } = context.config;
  const answer = await askAgent(where, admin.token, signal);
  if (answer.kind === 'locked') return otherAgent(context, `an agent that refuses the token of admin.token`);
  if (answer.kind === 'agent') {
    const { trouble } = answer;
    if (answer.device !== undefined && answer.device !== device.externalId)
      return otherAgent(context, `the agent of another device, ${printable(answer.device)}`);
    context.facts.isAgentRunning = true;
    return { status: 'ok', detail: `an agent runs at ${name}${trouble === undefined ? '' : `: ${trouble}`}` };
  }
  if (listen.kind === 'unix') return lookAtSocket(context, listen.path);
  const code = await listens(listen);
  if (code === undefined) return { status: 'ok', detail: `${name} is free` };
  return code === 'EADDRINUSE'
    ? adminTaken(context, listen, 'another program')
    : adminUnusable(context, listen, code);
}

/** An agent listens there, but not the one of this configuration. */
async function otherAgent(context: ProbeContext, who: string): Promise<Outcome> {
  const { listen } = context.config.admin;
  if (listen.kind === 'tcp') return adminTaken(context, listen, who);
  const socket = listen.kind === 'unix' ? listen.path : '';
  return {
    status: 'failed',
    fault: 'admin-taken',
    detail: `${socket} is taken by ${who}`,
    advice: 'the agent does not start while it is',
    fixes: [setting(context.origin, 'admin.listen', `unix:${socket}.2`, 'take another socket')],
    exit: EXIT.failed,
  };
}

async function adminTaken({ origin }: ProbeContext, listen: Place, who: string): Promise<Outcome> {
  const free = await freePort(listen);
  return {
    status: 'failed',
    fault: 'admin-taken',
    detail: `${at(listen)} is taken by ${who}`,
    advice: 'the agent does not start while it is',
    fixes: [
      setting(origin, 'admin.listen', at({ ...listen, port: free }), 'take another port, this one is free'),
      command('see who has it, and end that', `sudo ss -ltnp 'sport = :${listen.port}'`),
    ],
    exit: EXIT.failed,
  };
}

function adminUnusable({ origin }: ProbeContext, listen: Place, code: string): Outcome {
  const advice =
    code === 'EADDRNOTAVAIL'
      ? 'no network interface of this machine has that address'
      : code === 'EACCES'
        ? 'ports below 1024 are for root'
        : 'the agent cannot listen there';
  return {
    status: 'failed',
    fault: 'admin-unusable',
    detail: `${at(listen)}: ${code}`,
    advice,
    fixes: [
      setting(origin, 'admin.listen', '127.0.0.1:7980', 'listen on this machine only'),
      command('see which addresses there are', 'ip -brief address'),
    ],
    exit: EXIT.failed,
  };
}

async function lookAtSocket({ origin }: ProbeContext, socket: string): Promise<Outcome> {
  const folder = path.dirname(socket);
  const isFine = await access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );
  if (isFine) return { status: 'ok', detail: `${socket} can be made` };
  return {
    status: 'failed',
    fault: 'admin-unusable',
    detail: `${folder} is not there, or user ${process.geteuid?.() ?? 0} may not write there`,
    advice: 'the agent cannot make its socket',
    fixes: [
      command('make the folder', `sudo install -d -m 0750 -o ${process.geteuid?.() ?? 0} ${word(folder)}`),
      setting(origin, 'admin.listen', '127.0.0.1:7980', 'listen on a port of this machine'),
    ],
    exit: EXIT.failed,
  };
}

async function freePort(listen: Place): Promise<number> {
  for (let port = listen.port + 1; port <= Math.min(65_535, listen.port + PORTS_TRIED); port += 1)
    if ((await listens({ ...listen, port })) === undefined) return port;
  return 0;
}
