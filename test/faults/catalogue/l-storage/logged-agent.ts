import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { closedPort } from '../../../helpers/closed-port.js';
import type { Command } from '../../../helpers/command.js';
import { eventually } from '../../../helpers/eventually.js';
import { Agent } from '../../rig/agent.js';
import { processTree } from '../../rig/processes.js';
import type { Stand } from '../../rig/stand.js';
import type { Rig } from '../../rig.js';

/** Longest time from SIGTERM to the end, in ms. */
const END_MS = 13_000;

/** An agent whose standard output goes somewhere else than to this process. */
export interface LoggedAgent {
  readonly stand: Stand;
  /** What was started: a shell, or the agent that it became. */
  readonly command: Command;
  metric(series: string): Promise<number>;
  /** SIGTERM to the agent, which has to end by itself within its time. */
  end(): Promise<void>;
}

/** Starts an agent from a line of shell, in which `"$@"` stands for it; resolves when it can receive operations. */
export async function agentBehind(rig: Rig, script: string): Promise<LoggedAgent> {
  const listen = `127.0.0.1:${await closedPort()}`;
  const stand = await rig.start({ launch: false, sections: { admin: { listen } } });
  const command = Agent.spawn(stand.folder, { prefix: ['sh', '-c', script, 'sh'] });
  rig.atEnd(() => command.discard());
  let isReady = false;
  const poll = setInterval(() => {
    fetch(`http://${listen}/readyz`).then(
      ({ ok }) => (isReady ||= ok),
      () => undefined,
    );
  }, 50);
  await eventually(() => isReady || undefined, 'an agent that is ready').finally(() => clearInterval(poll));
  return {
    stand,
    command,
    metric: async (series) => {
      const page = await (await fetch(`http://${listen}/metrics`)).text();
      const line = page.split('\n').find((each) => each.startsWith(`${series} `));
      return line === undefined ? 0 : Number(line.slice(series.length + 1));
    },
    end: async () => {
      const pids = nodes(command.pid);
      const [first] = pids;
      assert.ok(first !== undefined, 'the agent is gone');
      process.kill(first, 'SIGTERM');
      const gone = (): true | undefined => nodes(command.pid).length === 0 || undefined;
      await eventually(gone, 'the end of the agent', END_MS);
    },
  };
}

/** Processes of the agent below the shell, or the agent itself where the shell became it. */
function nodes(pid: number): number[] {
  return processTree(pid).filter((each) => programOf(each) === 'node');
}

/** Name of the program of a process, empty when it is gone. */
export function programOf(pid: number): string {
  try {
    const name = readFileSync(`/proc/${pid}/comm`, 'latin1').trim();
    return name === 'MainThread' ? 'node' : name;
  } catch {
    return '';
  }
}
