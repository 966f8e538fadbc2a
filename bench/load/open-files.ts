import type { LocalOptions, RemoteOptions } from './options.js';
import { profileOf } from './profiles.js';

/** Files that any of the processes opens beside its sessions: modules, timers, the admin listener, statuses. */
const OTHER_FILES = 200;

/** Sessions that the agent has at a time. Where they are replaced, old ones close while new ones open. */
export function sessionsAtOnce({ sessions, profile }: LocalOptions | RemoteOptions): number {
  return profileOf(profile).page === undefined ? sessions : 2 * sessions;
}

/**
 * Open files of the process that needs most: here the agent, with two sockets a session; each of the generator's ends
 * has one.
 */
export function expectedOpenFiles(options: LocalOptions | RemoteOptions): number {
  const socketsEach = options.mode === 'local' ? 2 : 1;
  return socketsEach * sessionsAtOnce(options) + OTHER_FILES;
}
