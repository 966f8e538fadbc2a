import type { GenerationView, LoopDelay, ResourceView, StatusView, WorkerView } from '../admin/backend.js';
import { AdminClient, AdminClientError, adminCommand, type AdminCommandOptions } from './admin-client.js';
import { humanAge, humanBytes, printable, tableLines } from './admin-text.js';
import { EXIT } from '../exit-codes.js';
import type { CommandIo } from './command-io.js';

/** `gatehouse status`: the agent at a glance, or with `json` the object as the agent sent it. Gives the exit code. */
export function status(options: AdminCommandOptions, io: CommandIo): Promise<number> {
  return adminCommand(io, async () => {
    const { body } = await new AdminClient(options.target).ask('GET', '/api/status');
    if (options.json === true) {
      io.stdout.write(`${JSON.stringify(body, null, 2)}\n`);
      return;
    }
    if (!isStatus(body)) {
      throw new AdminClientError(
        EXIT.failed,
        'The agent sent a status this version does not know; try --json.',
      );
    }
    io.stdout.write(`${statusLines(body).join('\n')}\n`);
  });
}

/** The status in lines below 80 characters, unless the cloud link's reason is longer. */
export function statusLines(view: StatusView): string[] {
  const { totals } = view;
  const draining = view.draining ? ', draining: no new sessions' : '';
  const facts: [string, string][] = [
    ['Agent', `${printable(view.version)}, pid ${view.pid}, up ${humanAge(view.uptimeSeconds)}${draining}`],
    [
      'Cloud',
      view.cloud.reason === undefined
        ? view.cloud.state
        : printable(`${view.cloud.state}: ${view.cloud.reason}`),
    ],
    [
      'Sessions',
      `${totals.sessionsActive} now, ${totals.sessionsOpened} opened, ${totals.sessionsFailed} failed`,
    ],
    [
      'Operations',
      `${totals.operations} received, ${totals.statusOutbox} with a status the cloud does not have yet`,
    ],
    [
      'Bytes',
      `${humanBytes(totals.uplinkBytes)} up (target to cloud), ${humanBytes(totals.downlinkBytes)} down`,
    ],
    ['Resources', view.resources.map(usageText).join(', ') || 'not watched'],
    ['Main loop', delayText(view.eventLoopDelay)],
    ['Workers', `${view.workers.length} running, ${totals.workerRestarts} restarted`],
  ];
  // An agent of an earlier version has none.
  const generations = 'generations' in view ? view.generations : [];
  if (generations.length > 1) facts.push(['Generations', generations.map(generationText).join(', ')]);
  return [...facts.map(([name, text]) => `${name.padEnd(12)}${text}`), '', ...workerLines(view.workers)];
}

function usageText({ resource, used, limit }: ResourceView): string {
  return limit > 0 ? `${resource} ${Math.round((100 * used) / limit)} %` : `${resource} not limited`;
}

function delayText(delay: LoopDelay | null): string {
  if (delay === null) return 'not measured yet';
  const [p50, p99, max] = [delay.p50Ms, delay.p99Ms, delay.maxMs].map(milliseconds);
  return `delay p50 ${p50 ?? ''}, p99 ${p99 ?? ''}, max ${max ?? ''}`;
}

/** `2 (pid 4711, 3 sessions, draining)`. */
function generationText({ generation, pid, sessions, draining, answers }: GenerationView): string {
  if (!answers) return `${generation} (does not answer)`;
  const facts = [`pid ${pid ?? 0}`, `${sessions ?? 0} sessions`, ...(draining ? ['to their end'] : [])];
  return `${generation} (${facts.join(', ')})`;
}

function workerLines(workers: readonly WorkerView[]): string[] {
  const areProcesses = workers.some(({ pid }) => pid !== null);
  return tableLines(
    [
      { title: 'WORKER', align: 'right' },
      ...(areProcesses ? [{ title: 'PID', align: 'right' } as const] : []),
      { title: 'SESSIONS', align: 'right' },
      { title: 'UP', align: 'right' },
      { title: 'DOWN', align: 'right' },
      { title: 'HELD', align: 'right' },
      { title: 'LOOP DELAY P50', align: 'right' },
      { title: 'P99', align: 'right' },
      { title: 'MAX', align: 'right' },
    ],
    workers.map((worker) => [
      String(worker.worker),
      ...(areProcesses ? [String(worker.pid ?? '-')] : []),
      String(worker.sessions),
      humanBytes(worker.uplinkBytes),
      humanBytes(worker.downlinkBytes),
      humanBytes(worker.heldBytes),
      milliseconds(worker.eventLoopDelay?.p50Ms),
      milliseconds(worker.eventLoopDelay?.p99Ms),
      milliseconds(worker.eventLoopDelay?.maxMs),
    ]),
  );
}

function milliseconds(value: number | undefined): string {
  return value === undefined ? '-' : `${value.toFixed(1)} ms`;
}

/** Enough of a check to print it: a later version may have added fields, never removed any (CONTRACT). */
function isStatus(body: unknown): body is StatusView {
  return (
    typeof body === 'object' &&
    body !== null &&
    'cloud' in body &&
    'resources' in body &&
    'workers' in body &&
    'totals' in body
  );
}
