import { readFileSync } from 'node:fs';

/** What a process used so far; nothing where the system does not tell (it does on Linux). */
export interface ProcessUsage {
  /** CPU time of all threads, user and system, in s. */
  readonly cpuS: number | undefined;
  /** Resident memory, in bytes. */
  readonly rssBytes: number | undefined;
}

/** Ticks a second in /proc/PID/stat. Linux has shown 100 to user space on every architecture for decades. */
const TICKS_PER_S = 100;

/** Unit of the memory lines under /proc/PID. */
const KIB = 1_024;

/** CPU time and memory of a process. */
export function processUsage(pid: number): ProcessUsage {
  return { cpuS: cpuOf(read(pid, 'stat')), rssBytes: kibLine(read(pid, 'status'), 'VmRSS') };
}

/**
 * Proportional set size in bytes: resident memory with shared pages divided among their users. Reading it holds the
 * process's memory map for some ms, so ask seldom.
 */
export function proportionalBytes(pid: number): number | undefined {
  return kibLine(read(pid, 'smaps_rollup'), 'Pss');
}

/** Soft limit of open files of this process, which its children inherit; undefined where the system does not tell. */
export function openFilesLimit(): number | undefined {
  const match = /^Max open files\s+(\d+|unlimited)/m.exec(read('self', 'limits') ?? '');
  return match?.[1] === undefined ? undefined : match[1] === 'unlimited' ? Infinity : Number(match[1]);
}

/** User and system time; the name in parentheses may hold anything, so fields count from its end. */
function cpuOf(stat: string | undefined): number | undefined {
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields === undefined) return undefined;
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isFinite(ticks) ? ticks / TICKS_PER_S : undefined;
}

function kibLine(text: string | undefined, name: string): number | undefined {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text ?? '');
  return match?.[1] === undefined ? undefined : Number(match[1]) * KIB;
}

function read(pid: number | 'self', file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
}
