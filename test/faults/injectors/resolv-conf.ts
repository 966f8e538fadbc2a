import { readlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { command } from './command.js';

/** Puts another file in the place of /etc/resolv.conf, seen by this row's mount namespace only. Needs root. */
export function useNameServer(folder: string, address: string): void {
  if (process.env.GATEHOUSE_FAULT_NETNS !== readlinkSync('/proc/self/ns/net')) {
    throw new Error('this is not a namespace of the fault runner');
  }
  const file = path.join(folder, 'resolv.conf');
  writeFileSync(file, `nameserver ${address}\n`);
  command('mount', ['--bind', file, '/etc/resolv.conf']);
}
