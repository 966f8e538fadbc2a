import { readdirSync, readFileSync } from 'node:fs';

/** Ticks of the times in /proc/PID/stat: 100 a second on every Linux that Node runs on (USER_HZ). */
const TICKS_PER_SECOND = 100;

const NS_PER_SECOND = 1e9;

/** Places in /proc/PID/stat behind the name, which may hold blanks and brackets (proc(5)). */
const PARENT = 1;
const REAPED_USER = 13;
const REAPED_SYSTEM = 14;

/** Ids of all processes that can be seen. */
export function processes(): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number);
}

/** Name of a process (its first 15 characters); empty when it is gone. */
export function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'latin1').trim();
  } catch {
    return '';
  }
}

/** A process and its descendants, parents first. */
export function processTree(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const member of processes()) {
    const parent = statOf(member)?.[PARENT];
    if (parent === undefined) continue;
    const siblings = children.get(parent) ?? [];
    siblings.push(member);
    children.set(parent, siblings);
  }
  const tree = [pid];
  for (const member of tree) tree.push(...(children.get(member) ?? []));
  return tree;
}

/**
 * Processor time that a process and its descendants have used so far, in seconds. What runs is exact to the
 * nanosecond (schedstat, per thread); what has ended counts once its parent has reaped it.
 */
export function cpuSeconds(pid: number): number {
  return processTree(pid).reduce((total, member) => total + runningSeconds(member) + reaped(member), 0);
}

/** Processor time of the threads that a process has now, in seconds; 0 when it is gone. */
export function runningSeconds(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/task`).reduce((total, thread) => {
      const [ns = '0'] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ');
      return total + Number(ns) / NS_PER_SECOND;
    }, 0);
  } catch {
    // It ended meanwhile.
    return 0;
  }
}

function reaped(pid: number): number {
  const stat = statOf(pid);
  return stat === undefined ? 0 : ((stat[REAPED_USER] ?? 0) + (stat[REAPED_SYSTEM] ?? 0)) / TICKS_PER_SECOND;
}

/** The fields behind the name; undefined when the process is gone. */
function statOf(pid: number): number[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
  } catch {
    return undefined;
  }
}
