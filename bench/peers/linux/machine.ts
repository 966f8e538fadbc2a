import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { nameOf, processes, runningSeconds } from './process-tree.js';

/** Ticks a second of /proc/stat (USER_HZ). */
const TICKS_PER_SECOND = 100;

/** A machine counts as quiet when it was busy less than this share of one core for a step. */
const QUIET_SHARE = 0.12;
const QUIET_STEP_MS = 250;

/** Longest wait for that, in ms. */
const QUIET_LIMIT_MS = 20_000;

/** Seconds of all cores together since boot. */
export interface MachineTimes {
  /** User, nice, system and interrupt work; without that of ksoftirqd, which moves the packets of the run itself. */
  readonly busy: number;
  /** Taken by the hypervisor for other guests. */
  readonly steal: number;
}

export function machineTimes(): MachineTimes {
  const [first = ''] = readFileSync('/proc/stat', 'latin1').split('\n');
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = first
    .trim()
    .split(/\s+/)
    .slice(1)
    .map((ticks) => Number(ticks) / TICKS_PER_SECOND);
  return { busy: user + nice + system + irq + softirq - softirqThreads(), steal };
}

/** Processor time of the kernel's threads that do what interrupts leave over; 0 where they cannot be seen. */
function softirqThreads(): number {
  return processes()
    .filter((pid) => nameOf(pid).startsWith('ksoftirqd/'))
    .reduce((total, pid) => total + runningSeconds(pid), 0);
}

/** Waits until nobody else works, 20 s at most. Gives false when the machine did not become quiet. */
export async function quiet(): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < QUIET_LIMIT_MS; waitedMs += QUIET_STEP_MS) {
    const before = machineTimes();
    await pause(QUIET_STEP_MS);
    const after = machineTimes();
    const most = (QUIET_SHARE * QUIET_STEP_MS) / 1_000;
    if (after.busy - before.busy <= most && after.steal - before.steal <= most) return true;
  }
  return false;
}

/** Cores that this process may use, lowest first. */
export function allowedCores(): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '0';
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/** Whether something on this machine listens on a TCP port, without connecting to it: a connection would be a session. */
export function isListening(port: number): boolean {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return ['/proc/net/tcp', '/proc/net/tcp6'].some((file) =>
    listeners(file).some((end) => end.endsWith(wanted)),
  );
}

/** Local addresses in state LISTEN (0A). */
function listeners(file: string): string[] {
  try {
    return readFileSync(file, 'latin1')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state]) => state === '0A')
      .map(([, local = '']) => local);
  } catch {
    return [];
  }
}

/** The congestion control of TCP here. */
export function congestionControl(): string {
  return readFileSync('/proc/sys/net/ipv4/tcp_congestion_control', 'latin1').trim();
}
