import { hardenProcess } from '../contract/hardening.js';
import { HEARTBEAT_MS } from '../contract/limits.js';
import type { FromProcess, SessionTask, ToProcess, WorkerSettings } from '../contract/messages.js';
import { SessionHost } from './session/session-host.js';

/*
 * What runs in a worker process: the same sessions as in a worker thread, with everything over the IPC channel. It
 * lives no longer than the agent: the channel closes with it.
 */
if (process.send === undefined) throw new Error('session-process runs as a child of the agent only');

hardenProcess();

/** Signals for the agent reach its whole process group; what they mean for the sessions comes as commands. */
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'] as const) {
  process.on(signal, () => undefined);
}
process.on('disconnect', () => process.exit());

let host: SessionHost | undefined;
process.on('message', (message: ToProcess) => {
  switch (message.kind) {
    case 'settings':
      return start(message.settings);
    case 'task':
      return runSession(message.task);
    case 'command':
      return host?.command(message.command);
  }
});

function start(settings: WorkerSettings): void {
  host = new SessionHost(settings, (report) => send({ kind: 'report', report }));
  let isOnItsWay = false;
  setInterval(() => {
    // An agent that does not read gets one beat, not a queue of them.
    if (isOnItsWay) return;
    isOnItsWay = true;
    send({ kind: 'beat' }, () => (isOnItsWay = false));
  }, HEARTBEAT_MS).unref();
  send({ kind: 'up' });
}

/** One session, from dial to close. */
function runSession(task: SessionTask): void {
  host?.run(task).then(
    (summary) => send({ kind: 'summary', summary }),
    () => send({ kind: 'broken', sessionId: task.sessionId }),
  );
}

function send(message: FromProcess, onSent: () => void = () => undefined): void {
  // Without the agent there is nobody to tell; the disconnect ends this process.
  if (process.connected) process.send?.(message, undefined, undefined, onSent);
}
