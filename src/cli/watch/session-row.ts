import type { SessionView } from '../../admin/backend.js';
import { printable } from '../admin-text.js';
import type { Rate } from './rates.js';

/** What a list of sessions can be ordered by, in the order of the columns. */
export const SORT_KEYS = [
  'id',
  'conduit',
  'target',
  'state',
  'age',
  'uplinkRate',
  'downlinkRate',
  'uplinkBytes',
  'downlinkBytes',
] as const;

export type SortKey = (typeof SORT_KEYS)[number];

/** A session as the table shows it: texts without anything that a terminal would obey. */
export interface SessionRow {
  readonly id: string;
  readonly conduit: string;
  readonly target: string;
  /** With `approval` while somebody on site is asked. */
  readonly state: SessionView['state'] | 'approval';
  /** Since it opened, before that since it began where the agent tells; in s. */
  readonly age: number | undefined;
  /** Until it will be ended, in s; undefined when nothing ends it. */
  readonly left: number | undefined;
  readonly uplinkRate: number;
  readonly downlinkRate: number;
  readonly uplinkBytes: number;
  readonly downlinkBytes: number;
  readonly device: string;
  readonly operation: string;
  readonly worker: number;
  readonly generation: number;
}

/** @param nowMs wall clock. */
export function sessionRow(session: SessionView, rate: Rate, nowMs: number): SessionRow {
  const { host, port, openedAt } = session;
  const since = openedAt ?? extra(session, 'startedAt');
  const ends = extra(session, 'endsAt');
  return {
    id: printable(session.id),
    conduit: printable(session.conduit),
    target: printable(`${host.includes(':') ? `[${host}]` : host}:${port}`),
    state: extra(session, 'approval') === 'waiting' ? 'approval' : session.state,
    age: since === undefined ? undefined : (nowMs - Date.parse(since)) / 1_000,
    left: ends === undefined ? undefined : (Date.parse(ends) - nowMs) / 1_000,
    uplinkRate: rate.uplink,
    downlinkRate: rate.downlink,
    uplinkBytes: session.uplinkBytes,
    downlinkBytes: session.downlinkBytes,
    device: printable(session.deviceId),
    operation: printable(session.operationId),
    worker: session.worker,
    generation: session.generation,
  };
}

/** What only some versions of the agent tell. */
function extra(session: SessionView, name: string): string | undefined {
  const value: unknown = Reflect.get(session, name);
  return typeof value === 'string' ? value : undefined;
}

/** Whether a search finds it: every word stands in one of its texts, in whatever case. */
export function matches(row: SessionRow, search: string): boolean {
  const text = [row.id, row.conduit, row.target, row.state, row.device, row.operation]
    .join('\n')
    .toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

/** In order: texts from A, numbers from the largest (the oldest session first), unless turned round. */
export function ordered(rows: readonly SessionRow[], key: SortKey, isReversed: boolean): SessionRow[] {
  const sign = isReversed ? -1 : 1;
  return rows.toSorted((one, other) => sign * compare(one, other, key) || (one.id < other.id ? -1 : 1));
}

function compare(one: SessionRow, other: SessionRow, key: SortKey): number {
  const [left, right] = [one[key], other[key]];
  if (typeof left === 'string' && typeof right === 'string')
    return left.localeCompare(right, 'en', { numeric: true });
  return Number(right ?? -1) - Number(left ?? -1);
}
