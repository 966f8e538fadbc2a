import type { Readable } from 'node:stream';
import { adminCommand, type AdminCommandOptions } from './admin-client.js';
import type { CommandIo } from './command-io.js';
import { AgentFeed } from './watch/agent-feed.js';
import { LiveWatch } from './watch/live-watch.js';
import type { Keyboard } from './watch/live-watch.js';
import { plainWatch } from './watch/plain-watch.js';
import { Screen } from './watch/screen.js';
import type { TerminalStream } from './watch/screen.js';

export interface WatchOptions extends AdminCommandOptions {
  /** Time between two readings, in ms. Default 1 s on a terminal, 5 s elsewhere. */
  readonly intervalMs?: number | undefined;
  /** Wall clock, in ms since 1970. Default Date.now. */
  readonly now?: () => number;
}

/** What a command that watches has of the process. */
export interface WatchIo extends Pick<CommandIo, 'stderr' | 'env'> {
  readonly stdin: Readable;
  readonly stdout: TerminalStream;
}

const LIVE_MS = 1_000;
const PLAIN_MS = 5_000;

/**
 * `gatehouse sessions --watch`: a live table on a terminal, the plain table again and again elsewhere, until somebody
 * quits or `stop` aborts. Gives the exit code.
 */
export function watchSessions(options: WatchOptions, io: WatchIo, stop: AbortSignal): Promise<number> {
  const { target, json: isJson = false, intervalMs, now = Date.now } = options;
  const { stdin, stdout, stderr, env } = io;
  const feed = new AgentFeed(target);
  return adminCommand({ stdout, stderr, env }, async () => {
    if (isJson || stdout.isTTY !== true || env.TERM === 'dumb') {
      // Whoever read it has left: `gatehouse sessions --watch | head`.
      const end = new AbortController();
      stdout.on('error', () => end.abort());
      const either = AbortSignal.any([stop, end.signal]);
      await plainWatch({
        feed,
        stdout,
        stderr,
        intervalMs: intervalMs ?? PLAIN_MS,
        isJson,
        stop: either,
        now,
      });
      return;
    }
    const screen = new Screen(stdout, (env.NO_COLOR ?? '') === '');
    const keyboard = isKeyboard(stdin) ? stdin : undefined;
    const live = { feed, screen, output: stdout, keyboard, intervalMs: intervalMs ?? LIVE_MS, stop, now };
    await new LiveWatch(live).run();
  });
}

function isKeyboard(stdin: Readable): stdin is Keyboard {
  return 'isTTY' in stdin && stdin.isTTY === true && 'setRawMode' in stdin;
}
