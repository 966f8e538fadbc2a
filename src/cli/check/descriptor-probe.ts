import { readFile } from 'node:fs/promises';
import { openFilesLimit } from '../../resources/proc-files.js';
import { descriptorGap } from '../../resources/sample.js';
import type { Outcome, Probe, ProbeContext } from './probe.js';
import { command, setting } from './setting.js';

/**
 * Whether there are file descriptors for as many sessions as the configuration lets in. Those of this process are looked
 * at: an agent that is started from the same place has the same.
 */
export const DESCRIPTOR_PROBE: Probe = {
  id: 'descriptors',
  title: 'file descriptors',
  deadlineMs: 5_000,
  needs: [],
  run: lookAtLimit,
};

async function lookAtLimit({ config, origin }: ProbeContext): Promise<Outcome> {
  const limit = openFilesLimit(await readFile('/proc/self/limits', 'utf8').catch(() => ''));
  if (limit === undefined)
    return { status: 'skipped', detail: 'this system does not tell how many there are' };
  const { sessions } = config.limits;
  const { isolation, count } = config.workers;
  const gap = descriptorGap(limit, sessions, isolation === 'process' ? count : 1);
  if (gap === undefined) return { status: 'ok', detail: `${limit}, enough for limits.sessions` };
  const { enoughFor, needed } = gap;
  return {
    status: 'ok',
    detail: `${limit} are enough for ${enoughFor} of the ${sessions} sessions of limits.sessions`,
    fixes: [
      command('in a shell, before the agent is started', `ulimit -n ${needed}`),
      command('for the service, by `systemctl edit gatehouse`', '[Service]', `LimitNOFILE=${needed}`),
      setting(origin, 'limits.sessions', String(Math.max(1, enoughFor)), 'or let in fewer'),
    ],
  };
}
