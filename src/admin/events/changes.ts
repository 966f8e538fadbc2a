import type { SessionView } from '../backend.js';
import type { Changes, EventSource, SessionBytes, Snapshot } from './messages.js';

/** Everything there is to show now; `atMs` is the wall clock. */
export async function snapshotOf(source: EventSource, atMs: number): Promise<Snapshot> {
  const [status, sessions, approvals] = await Promise.all([
    source.status(),
    source.sessions(),
    source.approvals(),
  ]);
  return { atMs, status, sessions, approvals, operations: source.operations(), ...source.activity() };
}

/** What turns a page that shows `before` into one that shows `after`. */
export function changesBetween(before: Snapshot, after: Snapshot): Changes {
  const known = new Set(before.operations);
  const operations = after.operations.filter((operation) => !known.has(operation)).reverse();
  const lastMs = before.samples.at(-1)?.atMs ?? -Infinity;
  const samples = after.samples.filter(({ atMs }) => atMs > lastMs);
  return {
    atMs: after.atMs,
    status: after.status,
    ...sessionChanges(before.sessions, after.sessions),
    ...(operations.length > 0 ? { operations } : {}),
    ...(samples.length > 0 ? { samples } : {}),
    ...(before.links === after.links ? {} : { links: after.links }),
    ...(before.reloads === after.reloads ? {} : { reloads: after.reloads }),
    ...unlessSame('refusals', before.refusals, after.refusals),
    ...unlessSame('approvals', before.approvals, after.approvals),
  };
}

type SessionChanges = Pick<Changes, 'sessions' | 'bytes' | 'gone'>;

function sessionChanges(before: readonly SessionView[], after: readonly SessionView[]): SessionChanges {
  const left = new Map(before.map((session) => [session.id, session]));
  const sessions: SessionView[] = [];
  const bytes: SessionBytes[] = [];
  for (const session of after) {
    const { id, uplinkBytes, downlinkBytes } = session;
    const known = left.get(id);
    left.delete(id);
    if (known === undefined || !isSameBesideBytes(known, session)) sessions.push(session);
    else if (known.uplinkBytes !== uplinkBytes || known.downlinkBytes !== downlinkBytes)
      bytes.push([id, uplinkBytes, downlinkBytes]);
  }
  return {
    ...(sessions.length > 0 ? { sessions } : {}),
    ...(bytes.length > 0 ? { bytes } : {}),
    ...(left.size > 0 ? { gone: [...left.keys()] } : {}),
  };
}

function isSameBesideBytes(one: SessionView, other: SessionView): boolean {
  const bytes = { uplinkBytes: 0, downlinkBytes: 0 };
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]) as Set<keyof SessionView>;
  for (const key of keys) if (!(key in bytes) && one[key] !== other[key]) return false;
  return true;
}

/** Short lists, made anew each time: compared by what is in them. */
function unlessSame<K extends string, T>(key: K, before: T, after: T): Partial<Record<K, T>> {
  const isSame = JSON.stringify(before) === JSON.stringify(after);
  return isSame ? {} : ({ [key]: after } as Partial<Record<K, T>>);
}
