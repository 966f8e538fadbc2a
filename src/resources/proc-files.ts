/*
 * The files under /proc that tell of resources, as text in and numbers out. undefined: the text says nothing of it.
 */

/** Soft limit of open files in /proc/PID/limits; Infinity when there is none. */
export function openFilesLimit(limits: string): number | undefined {
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1];
  if (soft === undefined) return undefined;
  return soft === 'unlimited' ? Infinity : Number(soft);
}

/** Memory in /proc/PID/status that is the process's own, in bytes: without the pages of its program, which all share. */
export function ownMemory(status: string): number | undefined {
  const anonymous = kibibytes(status, 'RssAnon');
  return anonymous === undefined ? undefined : anonymous + (kibibytes(status, 'RssShmem') ?? 0);
}

/** Pages that TCP sockets take in the kernel, in /proc/net/sockstat. */
export function tcpPages(sockstat: string): number | undefined {
  return number(/^TCP:.*\bmem (\d+)/m.exec(sockstat)?.[1]);
}

/** Pages from which on the kernel takes no more for TCP: the third number of tcp_mem. */
export function tcpPagesLimit(tcpMem: string): number | undefined {
  return number(/^\d+\s+\d+\s+(\d+)/.exec(tcpMem)?.[1]);
}

/** Size of ip_local_port_range. */
export function portRange(range: string): number | undefined {
  const [, first, last] = /^(\d+)\s+(\d+)/.exec(range) ?? [];
  return first === undefined || last === undefined ? undefined : Number(last) - Number(first) + 1;
}

function kibibytes(status: string, field: string): number | undefined {
  const value = number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]);
  return value === undefined ? undefined : value * 1_024;
}

function number(digits: string | undefined): number | undefined {
  return digits === undefined ? undefined : Number(digits);
}
