import { startedMs, type Row } from './dashboard.js';
import { target } from './format.js';

/** What sessions can be sorted by. */
export type SortKey =
  | 'target'
  | 'conduit'
  | 'device'
  | 'state'
  | 'age'
  | 'uplinkRate'
  | 'downlinkRate'
  | 'uplinkBytes'
  | 'downlinkBytes'
  | 'worker';

export interface Sorting {
  readonly key: SortKey;
  readonly isDescending: boolean;
}

/** The youngest session is what one has just been asked about. */
export const DEFAULT_SORTING: Sorting = { key: 'age', isDescending: false };

/** Text is looked for from its beginning, of numbers the large ones come first. */
const DESCENDING_FIRST: readonly SortKey[] = ['uplinkRate', 'downlinkRate', 'uplinkBytes', 'downlinkBytes'];

/** 10.0.5.9 comes before 10.0.5.10. */
const NATURAL = new Intl.Collator('en', { numeric: true });

/** The sorting after a click on the heading of `key`. */
export function toggled(sorting: Sorting, key: SortKey): Sorting {
  return sorting.key === key ? { key, isDescending: !sorting.isDescending } : firstSorting(key);
}

/** How `key` is sorted by at first. */
export function firstSorting(key: SortKey): Sorting {
  return { key, isDescending: DESCENDING_FIRST.includes(key) };
}

/** The sessions that have every word of `search` in what is shown of them. */
export function matching(rows: Iterable<Row>, search: string): Row[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...rows];
  return [...rows].filter((row) => {
    const text = textOf(row);
    return words.every((word) => text.includes(word));
  });
}

/** Sorts in place. What is equal is in the order of age, so that rows do not jump. */
export function sorted(rows: Row[], { key, isDescending }: Sorting): Row[] {
  const compare = COMPARE[key];
  const sign = isDescending ? -1 : 1;
  return rows.sort((a, b) => sign * compare(a, b) || byAge(a, b) || (a.id < b.id ? -1 : 1));
}

const byAge = (a: Row, b: Row): number => startedMs(b) - startedMs(a);

const COMPARE: Readonly<Record<SortKey, (a: Row, b: Row) => number>> = {
  target: (a, b) => NATURAL.compare(a.host, b.host) || a.port - b.port,
  conduit: (a, b) => NATURAL.compare(a.conduit, b.conduit),
  device: (a, b) => NATURAL.compare(a.deviceId, b.deviceId),
  state: (a, b) => NATURAL.compare(a.state, b.state),
  age: byAge,
  uplinkRate: (a, b) => a.uplinkRate - b.uplinkRate,
  downlinkRate: (a, b) => a.downlinkRate - b.downlinkRate,
  uplinkBytes: (a, b) => a.uplinkBytes - b.uplinkBytes,
  downlinkBytes: (a, b) => a.downlinkBytes - b.downlinkBytes,
  worker: (a, b) => a.generation - b.generation || a.worker - b.worker,
};

function textOf({ host, port, conduit, deviceId, state, id, operationId, approval }: Row): string {
  const waiting = approval === 'waiting' ? 'waiting' : '';
  return [target(host, port), conduit, deviceId, state, id, operationId, waiting].join(' ').toLowerCase();
}
