import { spawn, type ChildProcess } from 'node:child_process';

/** Longest time for a build, in ms: minutes on a small gateway, seconds elsewhere. */
const BUILD_MS = 600_000;

/** Most that is kept of what a build says, in characters: enough for the first complaints. */
const MAX_SAID_CHARACTERS = 2_000;

/**
 * Runs the build script of the package in `folder`. When `signal` aborts, the promise rejects only after the compiler
 * is gone too: it would put files into a folder that has been removed.
 */
export async function build(folder: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  // A process group of its own, so that the compiler can be ended and not only the npm that started it.
  const child = spawn('npm', ['run', '--silent', 'build'], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = (): void => endGroup(child);
  const timer = setTimeout(stop, BUILD_MS);
  signal.addEventListener('abort', stop);
  try {
    const { code, said } = await ended(child);
    signal.throwIfAborted();
    if (code === 0) return;
    throw new Error(`the commit does not build with the packages of the work tree:\n${said}`);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

/** `close` comes when nobody holds the output any more, that is after the last process of the group. */
function ended(child: ChildProcess): Promise<{ readonly code: number | null; readonly said: string }> {
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(0, MAX_SAID_CHARACTERS);
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject).once('close', (code) => resolve({ code, said }));
  });
}

function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGTERM');
  } catch {
    // It has ended by itself.
  }
}
