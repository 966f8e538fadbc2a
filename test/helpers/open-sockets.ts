import { readdirSync, readlinkSync } from 'node:fs';

/**
 * Sockets that this process has open, worker threads included: from the list of file descriptors where there is one
 * (Linux), else those that Node knows of in this thread.
 */
export function openSockets(): number {
  try {
    return readdirSync('/proc/self/fd').filter(isSocket).length;
  } catch {
    return process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length;
  }
}

function isSocket(descriptor: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith('socket:');
  } catch {
    // It was closed after the list was read, as the one that read the list is.
    return false;
  }
}
