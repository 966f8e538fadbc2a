import type { SessionView } from '../admin/backend.js';
import { AdminClient, adminCommand, type AdminCommandOptions } from './admin-client.js';
import { humanAge, humanBytes, printable, tableLines, type Column } from './admin-text.js';
import type { CommandIo } from './command-io.js';

export interface SessionsOptions extends AdminCommandOptions {
  /** Wall clock for the age, in ms. Default Date.now. */
  readonly now?: () => number;
}

/** Width assumed when standard output is no terminal. */
const DEFAULT_COLUMNS = 120;

/** Below this width the columns that matter least are left out. */
const WIDE_COLUMNS = 110;

/** `gatehouse sessions`: a table, or with `json` the array as the agent sent it. Gives the exit code. */
export function sessions(options: SessionsOptions, io: CommandIo): Promise<number> {
  return adminCommand(io, async () => {
    const { body } = await new AdminClient(options.target).ask('GET', '/api/sessions');
    if (options.json === true) {
      io.stdout.write(`${JSON.stringify(body, null, 2)}\n`);
      return;
    }
    const list = Array.isArray(body) ? (body as SessionView[]) : [];
    const nowMs = (options.now ?? Date.now)();
    io.stdout.write(`${sessionLines(list, io.stdout.columns ?? DEFAULT_COLUMNS, nowMs).join('\n')}\n`);
  });
}

/** The table, at most `width` characters wide as long as ids are of usual length; 80 is enough. */
export function sessionLines(list: readonly SessionView[], width: number, nowMs: number): string[] {
  if (list.length === 0) return ['No sessions.'];
  const isWide = width >= WIDE_COLUMNS;
  const hasElders = new Set(list.map(({ generation }) => generation)).size > 1;
  const columns: Column[] = [
    // Never cut: an id is there to be copied into `gatehouse close`.
    { title: 'ID' },
    { title: 'CONDUIT', max: isWide ? 20 : 12 },
    { title: 'TARGET', max: isWide ? 30 : 21 },
    { title: 'STATE' },
    { title: 'AGE', align: 'right' },
    { title: 'UP', align: 'right' },
    { title: 'DOWN', align: 'right' },
    ...(hasElders ? ([{ title: 'GEN', align: 'right' }] as const) : []),
    ...(isWide ? ([{ title: 'WORKER', align: 'right' }, { title: 'OPERATION' }] as const) : []),
  ];
  const rows = list.map((session) => [
    printable(session.id),
    printable(session.conduit),
    printable(`${session.host.includes(':') ? `[${session.host}]` : session.host}:${session.port}`),
    isWide ? session.state : shortState(session.state),
    session.openedAt === null ? '-' : humanAge((nowMs - Date.parse(session.openedAt)) / 1_000),
    humanBytes(session.uplinkBytes),
    humanBytes(session.downlinkBytes),
    ...(hasElders ? [String(session.generation)] : []),
    String(session.worker),
    printable(session.operationId),
  ]);
  const count = list.length === 1 ? '1 session' : `${list.length} sessions`;
  return [...tableLines(columns, rows), '', `${count}; UP is target to cloud. gatehouse close ID ends one.`];
}

function shortState(state: SessionView['state']): string {
  return state === 'connecting' ? 'dialing' : state;
}
