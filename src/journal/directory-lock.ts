import { randomBytes } from 'node:crypto';
import { link, open, rename, rm } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { prepareStateDirectory } from './state-directory.js';
import { errnoOf, StateError } from './state-error.js';

/** Longest wait for the owner of a lock to say who it is, in ms. */
const ANSWER_MS = 500;

/** How often a lock is tried that others take and give up at the same time. */
const ATTEMPTS = 5;

/** Longest path of a unix socket, in bytes (unix(7) gives sun_path 108 with its end). */
const MAX_SOCKET_PATH_BYTES = 107;

/**
 * Sees to it that one agent alone uses a state directory: a unix socket `lock` in it, on which the owner listens. When
 * the owner dies, however that happens, nobody listens any more, and the next one replaces it.
 */
export class DirectoryLock {
  private constructor(
    private readonly server: net.Server,
    private readonly file: string,
  ) {}

  /**
   * Takes the lock; makes the directory when it is missing. Does not keep the process alive.
   * @throws StateError `locked` when another process has it, `unusable` when the directory is no good.
   */
  static async take(directory: string): Promise<DirectoryLock> {
    await prepareStateDirectory(directory);
    const file = path.join(directory, 'lock');
    const own = `${file}.${process.pid}-${randomBytes(4).toString('hex')}`;
    const server = await listening(directory, own);
    try {
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        // The socket gets its name when it can answer already, and only one process can give it.
        if (await linked(own, file)) return new DirectoryLock(server, file);
        const owner = await ownerOf(directory, file);
        if (owner !== undefined) throw locked(directory, owner);
        await removeStale(directory, file);
      }
      throw locked(directory, 'several that start at the same time');
    } catch (error) {
      server.close();
      throw error;
    } finally {
      await rm(own, { force: true });
    }
  }

  /** Gives it back. */
  async release(): Promise<void> {
    await rm(this.file, { force: true });
    await new Promise((resolve) => this.server.close(resolve));
  }
}

async function listening(directory: string, file: string): Promise<net.Server> {
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(`process ${process.pid}`);
  });
  server.maxConnections = 16;
  server.unref();
  const handle = await open(directory, 'r');
  try {
    const place = reachable(file, handle.fd);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(place, resolve);
    });
    server.removeAllListeners('error');
    return server;
  } catch (error) {
    const sentence = `The state directory ${directory} cannot be locked (${errnoOf(error) ?? String(error)}): it must be writable and on a file system with unix sockets; name another one with state.directory, or set that to off.`;
    throw new StateError('unusable', sentence, { cause: error });
  } finally {
    await handle.close();
  }
}

/** A path that is too long for a socket is reached through the directory that is open. */
function reachable(file: string, directoryFd: number): string {
  if (Buffer.byteLength(file) <= MAX_SOCKET_PATH_BYTES) return file;
  return `/proc/self/fd/${directoryFd}/${path.basename(file)}`;
}

async function linked(own: string, file: string): Promise<boolean> {
  try {
    await link(own, file);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Who has the lock of a state directory (`process 4711`); undefined when nobody has it. Takes nothing. */
export async function lockOwner(directory: string): Promise<string | undefined> {
  return ownerOf(directory, path.join(directory, 'lock'));
}

/** Who listens on the socket; undefined when nobody does, or it is gone. */
async function ownerOf(directory: string, file: string): Promise<string | undefined> {
  const handle = await open(directory, 'r');
  try {
    return await answerOf(reachable(file, handle.fd));
  } finally {
    await handle.close();
  }
}

function answerOf(file: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = net.connect(file);
    socket.setTimeout(ANSWER_MS, () => {
      socket.destroy();
      resolve(answer === '' ? 'a process that does not answer' : answer);
    });
    socket.on('data', (bytes) => (answer = (answer + bytes.toString('latin1')).slice(0, 40)));
    socket.on('error', (error) => {
      const errno = errnoOf(error);
      resolve(
        errno === 'ECONNREFUSED' || errno === 'ENOENT' ? undefined : `a process (${errno ?? 'unknown'})`,
      );
    });
    socket.on('end', () => resolve(answer));
  });
}

/** Takes the stale socket away; puts it back when another process had renewed it just before. */
async function removeStale(directory: string, file: string): Promise<void> {
  const aside = `${file}.stale-${process.pid}`;
  try {
    await rename(file, aside);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw error;
  }
  if ((await ownerOf(directory, aside)) !== undefined) await link(aside, file).catch(() => undefined);
  await rm(aside, { force: true });
}

function locked(directory: string, owner: string): StateError {
  const sentence = `The state directory ${directory} is in use by ${owner}: stop that agent, or give this one a directory of its own with state.directory.`;
  return new StateError('locked', sentence);
}
