import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A file descriptor of a process: what it is, with both ends of an internet socket. */
export interface Descriptor {
  readonly pid: number;
  readonly kind: 'tcp' | 'udp' | 'listening' | 'other';
  /** `tcp 127.0.0.1:40112 -> 127.0.0.1:22`, `/var/log/x`, `anon_inode:[eventpoll]`. */
  readonly name: string;
  /** Ports of an internet socket; 0 where there is none. */
  readonly localPort?: number;
  readonly remotePort?: number;
}

interface InternetSocket {
  readonly kind: 'tcp' | 'udp' | 'listening';
  readonly name: string;
  readonly localPort: number;
  readonly remotePort: number;
}

/** State of a listening socket in /proc/net/tcp. */
const LISTENING = '0A';

/** A process and its descendants, itself first; empty when it is gone. The agent may be several processes. */
export function processTree(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const parent = parentOf(Number(entry));
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  if (parentOf(pid) === undefined) return [];
  const found = [pid];
  for (const each of found) found.push(...(children.get(each) ?? []));
  return found;
}

/** All descriptors of these processes, which share this process's network namespace. */
export function descriptors(pids: readonly number[]): Descriptor[] {
  return pids.flatMap((pid) => {
    const sockets = internetSockets(pid);
    return namesOf(pid).map((name): Descriptor => {
      const inode = /^socket:\[(\d+)\]$/.exec(name)?.[1] ?? '';
      const socket = sockets.get(inode);
      return socket === undefined ? { pid, kind: 'other', name } : { pid, ...socket };
    });
  });
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name of the program stands in parentheses and may hold anything, also parentheses.
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? undefined : Number(parent);
  } catch {
    return undefined;
  }
}

function namesOf(pid: number): string[] {
  return listed(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      // Closed since the list was read.
      return [];
    }
  });
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function internetSockets(pid: number): Map<string, InternetSocket> {
  const sockets = new Map<string, InternetSocket>();
  for (const protocol of ['tcp', 'tcp6', 'udp', 'udp6']) {
    for (const line of tableOf(pid, protocol)) {
      const [, local = '', remote = '', state, , , , , , inode = ''] = line.trim().split(/\s+/);
      const isListening = protocol.startsWith('tcp') && state === LISTENING;
      const kind = isListening ? 'listening' : protocol.startsWith('tcp') ? 'tcp' : 'udp';
      const name = isListening
        ? `listening on ${endpoint(local)}`
        : `${protocol} ${endpoint(local)} -> ${endpoint(remote)}`;
      sockets.set(inode, { kind, name, localPort: portOf(local), remotePort: portOf(remote) });
    }
  }
  return sockets;
}

function tableOf(pid: number, protocol: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/net/${protocol}`, 'latin1').split('\n').slice(1, -1);
  } catch {
    return [];
  }
}

/** `0100007F:1F90` as `127.0.0.1:8080`; IPv6 stays in hexadecimal. */
function endpoint(text: string): string {
  const [address = ''] = text.split(':');
  const bytes = address.length === 8 ? address.match(/../g)?.map((byte) => parseInt(byte, 16)) : undefined;
  return `${bytes === undefined ? address : bytes.reverse().join('.')}:${portOf(text)}`;
}

function portOf(text: string): number {
  return parseInt(text.split(':')[1] ?? '0', 16);
}
