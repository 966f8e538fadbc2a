import type {
  GenerationView,
  LoopDelay,
  ReloadView,
  ResourceView,
  StatusView,
  WorkerView,
} from '../admin/backend.js';
import { humanAge, humanBytes, printable, tableLines } from './admin-text.js';
import type { Colour } from './terminal.js';

/** How the status is shown. */
export interface StatusStyle {
  /** Requests that wait for somebody on site. Default 0. */
  readonly waiting?: number;
  /** Width that long texts are wrapped to. Default: not wrapped. */
  readonly columns?: number | undefined;
  /** Lines that there is room for; of many workers the busiest are shown. Default: all. */
  readonly rows?: number | undefined;
  /** Default: no colours. */
  readonly paint?: (colour: Colour, text: string) => string;
}

/** One line of facts; `colour` of all of its text. */
interface Fact {
  readonly name: string;
  readonly text: string;
  readonly colour?: Colour | undefined;
}

/** Where the text behind the names begins, in columns. */
const INDENT = 12;

/** Shares of a resource in use from which it is shown in yellow and in red; at 95 % sessions are ended. */
const HIGH_SHARE = 0.8;
const FULL_SHARE = 0.95;

/** Changes of the last reload that are shown. */
const MAX_CHANGES = 3;

/** The status in lines: facts, then the workers. */
export function statusLines(view: StatusView, style: StatusStyle = {}): string[] {
  const { columns, rows = Infinity, paint = (_: Colour, text: string) => text } = style;
  const facts = factsOf(view, style.waiting ?? 0).flatMap((fact) => factLines(fact, columns, paint));
  return [...facts, '', ...workerLines(view.workers, Math.max(1, rows - facts.length - 2))];
}

function factsOf(view: StatusView, waiting: number): Fact[] {
  const { totals, cloud } = view;
  const about = `${printable(view.version)}, pid ${view.pid}, up ${humanAge(view.uptimeSeconds)}`;
  return [
    {
      name: 'Agent',
      text: view.draining ? `${about}, draining: no new sessions` : about,
      ...warnIf(view.draining),
    },
    ...deviceFacts(view),
    {
      name: 'Cloud',
      text: printable(cloudText(cloud)),
      colour: cloud.state === 'connected' ? 'green' : 'red',
    },
    ...switchFacts(view),
    ...(waiting === 0
      ? []
      : [
          {
            name: 'Approvals',
            text: `${waiting} waiting for somebody on site: gatehouse approvals`,
            ...warnIf(true),
          },
        ]),
    {
      name: 'Sessions',
      text: `${totals.sessionsActive} now, ${totals.sessionsOpened} opened, ${totals.sessionsFailed} failed`,
    },
    {
      name: 'Operations',
      text: `${totals.operations} received, ${totals.statusOutbox} with a status the cloud does not have yet`,
    },
    {
      name: 'Bytes',
      text: `${humanBytes(totals.uplinkBytes)} up (target to cloud), ${humanBytes(totals.downlinkBytes)} down`,
    },
    resourceFact(view.resources),
    { name: 'Main loop', text: delayText(view.eventLoopDelay) },
    { name: 'Workers', text: `${view.workers.length} running, ${totals.workerRestarts} restarted` },
    ...generationFacts(view),
    ...reloadFacts(view.reload ?? null),
  ];
}

/** An agent of an earlier version does not say. */
function deviceFacts({ device = '' }: Partial<Pick<StatusView, 'device'>>): Fact[] {
  return device === '' ? [] : [{ name: 'Device', text: printable(device) }];
}

/** An agent of an earlier version tells no URL. */
function cloudText({ state, url = '', reason }: Partial<StatusView['cloud']>): string {
  // Where it is away, the reason names it.
  const place = url === '' || state !== 'connected' ? '' : ` to ${url}`;
  return `${state ?? ''}${place}${reason === undefined ? '' : `: ${reason}`}`;
}

/** Only where there is a switch; an agent of an earlier version knows none. */
function switchFacts(view: Partial<Pick<StatusView, 'switch'>>): Fact[] {
  const { state = 'none', reason } = view.switch ?? {};
  if (state === 'none') return [];
  // What an operation is refused with begins so; here the line does.
  const why = reason?.replace(/^The hard switch is off: /, '');
  const text = printable(why === undefined ? state : `${state}: ${why}`);
  return [{ name: 'Switch', text, colour: state === 'on' ? 'green' : 'red' }];
}

function resourceFact(resources: readonly ResourceView[]): Fact {
  const most = Math.max(0, ...resources.map(({ used, limit }) => (limit > 0 ? used / limit : 0)));
  const colour = most >= FULL_SHARE ? 'red' : most >= HIGH_SHARE ? 'yellow' : undefined;
  return { name: 'Resources', text: resources.map(usageText).join(', ') || 'not watched', colour };
}

function usageText({ resource, used, limit }: ResourceView): string {
  return limit > 0 ? `${resource} ${Math.round((100 * used) / limit)} %` : `${resource} not limited`;
}

/** Only while there are several; an agent of an earlier version has none. */
function generationFacts(view: Partial<Pick<StatusView, 'generations'>>): Fact[] {
  const { generations = [] } = view;
  if (generations.length < 2) return [];
  return [{ name: 'Generations', text: generations.map(generationText).join(', ') }];
}

/** `2 (pid 4711, 3 sessions, to their end)`. */
function generationText({ generation, pid, sessions, draining, answers }: GenerationView): string {
  if (!answers) return `${generation} (does not answer)`;
  const facts = [`pid ${pid ?? 0}`, `${sessions ?? 0} sessions`, ...(draining ? ['to their end'] : [])];
  return `${generation} (${facts.join(', ')})`;
}

/** Only when there was one; an agent of an earlier version tells of none. */
function reloadFacts(reload: ReloadView | null): Fact[] {
  if (reload === null) return [];
  const { at, outcome, problems, changes, changed, sessionsEnded } = reload;
  const when = at.replace(/\.\d+Z$/, 'Z');
  if (outcome === 'refused') {
    const why = problems.join('; ') || 'the log says why';
    return [
      {
        name: 'Reload',
        text: printable(`refused ${when}, the old configuration holds: ${why}`),
        colour: 'red',
      },
    ];
  }
  const shown = changes.slice(0, MAX_CHANGES).map(({ key, from, to }) => `${key}: ${from} -> ${to}`);
  const left = changed - shown.length;
  const what = [...shown, ...(left > 0 ? [`and ${left} more (--json)`] : [])].join('; ');
  const ended = sessionsEnded > 0 ? `; ended ${sessionsEnded} sessions that no longer complied` : '';
  return [{ name: 'Reload', text: printable(`${when}: ${what || 'nothing changed'}${ended}`) }];
}

function warnIf(condition: boolean): { readonly colour?: Colour } {
  return condition ? { colour: 'yellow' } : {};
}

/** A fact in as many lines as it needs, the text below itself. */
function factLines(
  { name, text, colour }: Fact,
  columns: number | undefined,
  paint: NonNullable<StatusStyle['paint']>,
): string[] {
  const lines = wrapped(text, Math.max(20, (columns ?? Infinity) - INDENT));
  return lines.map((line, index) => {
    const head = (index === 0 ? name : '').padEnd(INDENT);
    return `${head}${colour === undefined ? line : paint(colour, line)}`;
  });
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length > width && line !== '') {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  return [...lines, line];
}

function delayText(delay: LoopDelay | null): string {
  if (delay === null) return 'not measured yet';
  const [p50, p99, max] = [delay.p50Ms, delay.p99Ms, delay.maxMs].map(milliseconds);
  return `delay p50 ${p50 ?? ''}, p99 ${p99 ?? ''}, max ${max ?? ''}`;
}

/** Every worker, or of more than `room` the busiest. */
function workerLines(workers: readonly WorkerView[], room: number): string[] {
  const areProcesses = workers.some(({ pid }) => pid !== null);
  const isCut = workers.length > room;
  const shown = isCut
    ? workers.toSorted((one, other) => other.sessions - one.sessions).slice(0, Math.max(1, room - 1))
    : workers;
  const hasElders = new Set(workers.map(({ generation }) => generation)).size > 1;
  const lines = tableLines(
    [
      { title: 'WORKER', align: 'right' },
      ...(areProcesses ? [{ title: 'PID', align: 'right' } as const] : []),
      ...(hasElders ? [{ title: 'GEN', align: 'right' } as const] : []),
      { title: 'SESSIONS', align: 'right' },
      { title: 'UP', align: 'right' },
      { title: 'DOWN', align: 'right' },
      { title: 'HELD', align: 'right' },
      { title: 'LOOP DELAY P50', align: 'right' },
      { title: 'P99', align: 'right' },
      { title: 'MAX', align: 'right' },
    ],
    shown.map((worker) => [
      String(worker.worker),
      ...(areProcesses ? [String(worker.pid ?? '-')] : []),
      ...(hasElders ? [String(worker.generation)] : []),
      String(worker.sessions),
      humanBytes(worker.uplinkBytes),
      humanBytes(worker.downlinkBytes),
      humanBytes(worker.heldBytes),
      milliseconds(worker.eventLoopDelay?.p50Ms),
      milliseconds(worker.eventLoopDelay?.p99Ms),
      milliseconds(worker.eventLoopDelay?.maxMs),
    ]),
  );
  return isCut ? [...lines, `and ${workers.length - shown.length} more: gatehouse status --json`] : lines;
}

function milliseconds(value: number | undefined): string {
  return value === undefined ? '-' : `${value.toFixed(1)} ms`;
}
