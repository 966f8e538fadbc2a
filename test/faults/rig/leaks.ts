import { eventually } from '../../helpers/eventually.js';
import type { Agent } from './agent.js';
import type { CloudPlace } from './configuration.js';
import { descriptors, type Descriptor } from './processes.js';

/** Longest time in which sessions and descriptors of a row have to be gone after its end, in ms. */
const SETTLE_MS = 12_000;

/** Longest time from SIGTERM to the end, in ms: the agent's own 10 s and some for a busy machine. */
const END_MS = 13_000;

/** Idle connections to the cloud's REST interface that may be there beside those of the base line. */
const IDLE_CONNECTIONS = 2;

/**
 * libuv opens one of them once in a thread, with the first session at the latest, to have a descriptor that it can give up
 * when none is left; no session does.
 */
const LAZY: readonly string[] = ['/dev/null', '/'];

/** A row survived, but the agent holds or tells something that it should not. */
export class LeakError extends Error {}

export interface LeakFacts {
  /** Texts that must turn up nowhere. */
  readonly secrets: readonly string[];
  readonly cloud: CloudPlace;
}

/** What an agent holds when it has nothing to do, and whether it is back there later. */
export class LeakCheck {
  private constructor(
    private readonly agent: Agent,
    private readonly base: readonly Descriptor[],
  ) {}

  /** Takes the base line of an agent without sessions. */
  static from(agent: Agent): LeakCheck {
    return new LeakCheck(agent, descriptors(agent.pids));
  }

  /** Waits until nothing of any session is left, ends the agent, and reads what it said. @throws LeakError */
  async check(facts: LeakFacts): Promise<void> {
    await this.#noSessions();
    await this.#noDescriptors(facts.cloud);
    const pages = await this.#pages();
    await this.#ends();
    const { stdout, stderr } = this.agent.command;
    const told = { ...pages, log: stdout, 'standard error': stderr };
    for (const [place, text] of Object.entries(told)) {
      if (facts.secrets.some((secret) => text.includes(secret)))
        throw new LeakError(`a secret is in the ${place}`);
    }
  }

  async #noSessions(): Promise<void> {
    let left = 'not asked yet';
    const isOver = async (): Promise<boolean> => {
      const sessions = await this.agent.sessions();
      left = sessions.map(({ id, state }) => `${id} ${state}`).join(', ');
      return sessions.length === 0;
    };
    if (!(await heldWithin(isOver))) throw new LeakError(`sessions are left: ${left}`);
  }

  async #noDescriptors(cloud: CloudPlace): Promise<void> {
    let left: string[] = [];
    const isOver = (): Promise<boolean> => {
      left = surplus(this.base, descriptors(this.agent.pids), cloudPorts(cloud));
      return Promise.resolve(left.length === 0);
    };
    if (!(await heldWithin(isOver))) throw new LeakError(`descriptors are left: ${left.join('; ')}`);
  }

  async #pages(): Promise<Record<string, string>> {
    const { agent } = this;
    return {
      'metrics page': await agent.metrics(),
      status: JSON.stringify(await agent.status()),
      'list of sessions': JSON.stringify(await agent.sessions()),
    };
  }

  async #ends(): Promise<void> {
    const { command } = this.agent;
    command.kill('SIGTERM');
    const hasEnded = await eventually(() => command.hasEnded || undefined, '', END_MS).catch(() => false);
    if (!hasEnded) throw new LeakError(`it still runs ${END_MS / 1_000} s after SIGTERM`);
    const { code, signal } = await command.ended();
    if (code !== 0) throw new LeakError(`SIGTERM ended it with ${code ?? signal ?? 'nothing'} instead of 0`);
  }
}

/** Names of the descriptors beyond the base line: kind by kind, connections to the cloud apart from others. */
export function surplus(
  base: readonly Descriptor[],
  now: readonly Descriptor[],
  cloud: ReadonlySet<number>,
): string[] {
  const groups = ['cloud', 'tcp', 'udp', 'listening', 'other'];
  const own = new Set(now.filter(({ kind }) => kind === 'listening').map(({ localPort }) => localPort));
  // Whoever asks the admin listener, this process too, keeps connections to it; they are not the agent's doing.
  const groupOf = ({ kind, localPort, remotePort = 0 }: Descriptor): string =>
    kind !== 'tcp' ? kind : own.has(localPort) ? 'admin' : cloud.has(remotePort) ? 'cloud' : kind;
  const counted = ({ name }: Descriptor): boolean => !LAZY.includes(name);
  return groups.flatMap((group) => {
    const before = base.filter((each) => counted(each) && groupOf(each) === group).map(({ name }) => name);
    const after = now.filter((each) => counted(each) && groupOf(each) === group).map(({ name }) => name);
    const allowed = before.length + (group === 'cloud' ? IDLE_CONNECTIONS : 0);
    if (after.length <= allowed) return [];
    return without(after, before).slice(0, 20);
  });
}

/** `names` with each of `others` taken out once. */
function without(names: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return names.filter((name) => {
    const index = left.indexOf(name);
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
}

function cloudPorts(cloud: CloudPlace): Set<number> {
  const urls = [cloud.url, cloud.httpsUrl, cloud.mqttUrl, cloud.mqttsUrl];
  return new Set(urls.map((url) => Number(new URL(url ?? 'http://none:1').port)));
}

async function heldWithin(holds: () => Promise<boolean>): Promise<boolean> {
  const endMs = performance.now() + SETTLE_MS;
  while (!(await holds())) {
    if (performance.now() > endMs) return false;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return true;
}
