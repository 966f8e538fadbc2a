import type { ActivitySample, ApprovalView, OperationView, SessionView } from '../../src/admin/backend.js';
import type { Changes, Snapshot } from '../../src/admin/events/messages.js';
import { shownApprovals, waitingOf, type ShownApproval } from './approval-list.js';

/** How far back the plots go, in ms. */
export const HISTORY_MS = 15 * 60_000;

/** Operations that are shown at most. */
export const MAX_OPERATIONS = 200;

/** Share of the newest second in a rate: workers tell their bytes four times a second, not in step with us. */
const NEWEST_SHARE = 0.5;

/** A session with what the page finds out by itself. */
export interface Row extends SessionView {
  /** When it was first heard of, by the agent's clock, in ms. */
  readonly seenAtMs: number;
  /** Bytes per second, smoothed. */
  readonly uplinkRate: number;
  readonly downlinkRate: number;
}

/** All that the page shows. Never changed in place: what is the same object is the same. */
export interface Dashboard extends Omit<Snapshot, 'sessions' | 'approvals'> {
  readonly rows: ReadonlyMap<string, Row>;
  readonly approvals: readonly ShownApproval[];
}

/** What the page shows after a snapshot. `before` is what it showed when the connection was lost, if it did. */
export function fromSnapshot(snapshot: Snapshot, before?: Dashboard): Dashboard {
  const { sessions, ...rest } = snapshot;
  const rows = new Map(
    sessions.map((session) => [
      session.id,
      rowOf(session, before?.rows.get(session.id), before, snapshot.atMs),
    ]),
  );
  // A restart makes the agent forget what this page still knows.
  const firstMs = snapshot.samples[0]?.atMs ?? snapshot.atMs;
  const earlier = before?.samples.filter(({ atMs }) => atMs < firstMs) ?? [];
  return {
    ...rest,
    rows,
    samples: recent([...earlier, ...snapshot.samples], snapshot.atMs),
    approvals: shownApprovals(before?.approvals ?? [], snapshot.approvals, snapshot.atMs),
  };
}

/** What the page shows once it is known who waits, and nothing else. */
export function withApprovals(before: Dashboard, waiting: readonly ApprovalView[]): Dashboard {
  return { ...before, approvals: shownApprovals(before.approvals, waiting, before.atMs) };
}

/** What the page shows after `changes`. */
export function withChanges(before: Dashboard, changes: Changes): Dashboard {
  const { sessions = [], bytes = [], gone = [], operations, samples, approvals, ...rest } = changes;
  const rows = new Map(before.rows);
  for (const id of gone) rows.delete(id);
  const moved = new Map(
    bytes.map(([id, uplinkBytes, downlinkBytes]) => [id, { uplinkBytes, downlinkBytes }]),
  );
  const renewed = new Map(sessions.map((session) => [session.id, session]));
  for (const [id, row] of rows) {
    const now = renewed.get(id) ?? { ...row, ...moved.get(id) };
    const isStill = !renewed.has(id) && !moved.has(id) && row.uplinkRate === 0 && row.downlinkRate === 0;
    if (!isStill) rows.set(id, rowOf(now, row, before, changes.atMs));
    renewed.delete(id);
  }
  for (const [id, session] of renewed) rows.set(id, rowOf(session, undefined, before, changes.atMs));
  return {
    ...before,
    ...rest,
    rows,
    operations: operations === undefined ? before.operations : withOperations(before.operations, operations),
    samples: samples === undefined ? before.samples : recent([...before.samples, ...samples], changes.atMs),
    approvals: shownApprovals(before.approvals, approvals ?? waitingOf(before.approvals), changes.atMs),
  };
}

/** When the session began, by the agent's clock, in ms. */
export function startedMs({ startedAt, seenAtMs }: Row): number {
  const ms = Date.parse(startedAt);
  return Number.isNaN(ms) ? seenAtMs : ms;
}

function rowOf(session: SessionView, row: Row | undefined, before: Dashboard | undefined, atMs: number): Row {
  const seconds = (atMs - (before?.atMs ?? atMs)) / 1_000;
  if (row === undefined || seconds <= 0) {
    return { ...session, seenAtMs: row?.seenAtMs ?? atMs, uplinkRate: 0, downlinkRate: 0 };
  }
  return {
    ...session,
    seenAtMs: row.seenAtMs,
    uplinkRate: smoothed(row.uplinkRate, (session.uplinkBytes - row.uplinkBytes) / seconds),
    downlinkRate: smoothed(row.downlinkRate, (session.downlinkBytes - row.downlinkBytes) / seconds),
  };
}

/** Below one byte a second it is over: a rate that only fades would never be nothing. */
function smoothed(before: number, now: number): number {
  const rate = before * (1 - NEWEST_SHARE) + Math.max(0, now) * NEWEST_SHARE;
  return rate < 1 ? 0 : rate;
}

/** `news` oldest first; the list newest first. An operation that was replaced keeps its place. */
function withOperations(
  list: readonly OperationView[],
  news: readonly OperationView[],
): readonly OperationView[] {
  const all = new Map([...list].reverse().map((operation) => [operation.operationId, operation]));
  for (const operation of news) all.set(operation.operationId, operation);
  return [...all.values()].reverse().slice(0, MAX_OPERATIONS);
}

function recent(samples: readonly ActivitySample[], nowMs: number): readonly ActivitySample[] {
  const from = samples.findIndex(({ atMs }) => atMs > nowMs - HISTORY_MS);
  return from === -1 ? [] : samples.slice(from);
}
