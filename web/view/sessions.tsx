import { useMemo, useState } from 'preact/hooks';
import type { Dashboard, Row } from '../model/dashboard.js';
import {
  DEFAULT_SORTING,
  firstSorting,
  matching,
  sorted,
  toggled,
  type Sorting,
} from '../model/session-list.js';
import { SessionGrid, SORT_NAMES } from './session-grid.js';

export interface SessionsProps {
  readonly dashboard: Dashboard;
  readonly ending: ReadonlySet<string>;
  readonly onOpen: (row: Row) => void;
  readonly onEnd: (row: Row) => void;
}

/** The live sessions, with search and sort. */
export function Sessions({ dashboard, ending, onOpen, onEnd }: SessionsProps) {
  const [search, setSearch] = useState('');
  const [sorting, setSorting] = useState<Sorting>(DEFAULT_SORTING);
  const { rows, atMs, status } = dashboard;
  const shown = useMemo(() => sorted(matching(rows.values(), search), sorting), [rows, search, sorting]);
  const all = rows.size.toLocaleString('en');
  const count = search.trim() === '' ? all : `${shown.length.toLocaleString('en')} of ${all}`;
  return (
    <section class="card sessions" aria-labelledby="sessions-title">
      <div class="card-head">
        <h2 id="sessions-title" tabIndex={-1}>
          Sessions
        </h2>
        <span class="count" role="status">
          {count}
          <span class="hidden"> sessions</span>
        </span>
        <span class="gap" />
        <SortChoice sorting={sorting} onSort={setSorting} />
        <label class="search">
          <span class="hidden">Search sessions</span>
          <input
            type="search"
            placeholder="Search target, conduit, device, id …"
            value={search}
            onInput={({ currentTarget: { value } }) => setSearch(value)}
          />
        </label>
      </div>
      {shown.length === 0 ? (
        <Empty hasSessions={rows.size > 0} search={search} onClear={() => setSearch('')} />
      ) : (
        <SessionGrid
          rows={shown}
          nowMs={atMs}
          sorting={sorting}
          ending={ending}
          hasGenerations={status.generations.length > 1}
          onSort={setSorting}
          onOpen={onOpen}
          onEnd={onEnd}
        />
      )}
    </section>
  );
}

interface EmptyProps {
  readonly hasSessions: boolean;
  readonly search: string;
  readonly onClear: () => void;
}

function Empty({ hasSessions, search, onClear }: EmptyProps) {
  if (!hasSessions) {
    return (
      <div class="empty">
        <p>
          <strong>Nobody is connected.</strong>
        </p>
        <p>A session appears here as soon as somebody connects to a device through the cloud.</p>
      </div>
    );
  }
  return (
    <div class="empty">
      <p>
        No session matches <strong>{search}</strong>.
      </p>
      <p>
        <button type="button" onClick={onClear}>
          Show all
        </button>
      </p>
    </div>
  );
}

interface SortChoiceProps {
  readonly sorting: Sorting;
  readonly onSort: (sorting: Sorting) => void;
}

/** Instead of the headings, on a narrow screen. */
function SortChoice({ sorting, onSort }: SortChoiceProps) {
  const { key, isDescending } = sorting;
  return (
    <div class="sort-choice">
      <label>
        <span>Sort by</span>
        <select value={key} onChange={({ currentTarget: { value } }) => onSort(choiceOf(value))}>
          {SORT_NAMES.map((one) => (
            <option key={one.key} value={one.key}>
              {one.name}
            </option>
          ))}
        </select>
      </label>
      <button
        type="button"
        aria-label={isDescending ? 'Descending; sort ascending' : 'Ascending; sort descending'}
        onClick={() => onSort(toggled(sorting, key))}
      >
        {isDescending ? '▼' : '▲'}
      </button>
    </div>
  );
}

function choiceOf(key: string): Sorting {
  return firstSorting(SORT_NAMES.find((one) => one.key === key)?.key ?? DEFAULT_SORTING.key);
}
