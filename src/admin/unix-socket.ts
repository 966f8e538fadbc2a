import { chmodSync, lstatSync, statSync, unlinkSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { dirname } from 'node:path';

/** Readable and writable by owner and group: access to the socket is the permission to administer. */
const SOCKET_MODE = 0o660;
const SOCKET_UMASK = 0o777 & ~SOCKET_MODE;

const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;

/** Longest wait for the answer whether somebody listens, in ms; it is a call inside the kernel. */
const PROBE_MS = 2_000;

/** Binds `server` to `path` with mode 0660. @throws Error when something else is there, or the folder is everybody's. */
export async function listenUnix(server: Server, path: string): Promise<void> {
  checkFolder(dirname(path));
  await removeStaleSocket(path);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      resolve();
    });
    // bind() happens inside this call; the umask closes the gap between bind and chmod.
    const before = process.umask(SOCKET_UMASK);
    try {
      server.listen(path);
    } finally {
      process.umask(before);
    }
  });
  chmodSync(path, SOCKET_MODE);
}

/** Where everybody may remove files of others, anybody could put a socket of theirs in this one's place. */
function checkFolder(folder: string): void {
  const mode = statSync(folder, { throwIfNoEntry: false })?.mode ?? 0;
  const isEverybodys = (mode & OTHERS_WRITE) !== 0 && (mode & STICKY) === 0;
  if (isEverybodys) throw new Error(`everybody can replace files in ${folder}; run: chmod o-w ${folder}`);
}

/** Removes the socket file of an agent that died; one that is listened on, and anything but a socket, stays. */
export async function removeStaleSocket(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error(`${path} exists and is not a socket; choose another admin.listen`);
  if (await isListenedOn(path)) throw new Error(`another process listens on ${path}`);
  unlinkSync(path);
}

/** False only when the kernel says that nobody listens; in doubt somebody does. */
function isListenedOn(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const settle = (isListened: boolean): void => {
      socket.destroy();
      resolve(isListened);
    };
    socket.setTimeout(PROBE_MS, () => settle(true));
    socket.once('connect', () => settle(true));
    socket.once('error', (error: NodeJS.ErrnoException) => settle(error.code !== 'ECONNREFUSED'));
  });
}
