import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { startedMs, type Row } from '../model/dashboard.js';
import * as format from '../model/format.js';
import { toggled, type SortKey, type Sorting } from '../model/session-list.js';
import { visibleRange } from '../model/visible-range.js';
import { useGridKeys } from './grid-keys.js';
import { StateBadge } from './state-badge.js';
import { useMedia } from './use-media.js';

/** Heights of a row, in pixels: for a mouse, for a finger, and where a session has three lines. */
const ROW_HEIGHT = 36;
const TOUCH_ROW_HEIGHT = 52;
const TALL_ROW_HEIGHT = 84;

interface Column {
  readonly key: SortKey;
  readonly label: string;
  readonly title?: string;
  readonly isNumber?: boolean;
}

const COLUMNS: readonly Column[] = [
  { key: 'target', label: 'Target' },
  { key: 'conduit', label: 'Conduit' },
  { key: 'device', label: 'Device' },
  { key: 'state', label: 'State' },
  { key: 'age', label: 'Age', isNumber: true },
  { key: 'uplinkRate', label: 'Up/s', title: 'Uplink rate: from the target to the cloud', isNumber: true },
  {
    key: 'downlinkRate',
    label: 'Down/s',
    title: 'Downlink rate: from the cloud to the target',
    isNumber: true,
  },
  { key: 'uplinkBytes', label: 'Up', title: 'Uplink bytes so far', isNumber: true },
  { key: 'downlinkBytes', label: 'Down', title: 'Downlink bytes so far', isNumber: true },
  { key: 'worker', label: 'Worker', isNumber: true },
];

export const SORT_NAMES: readonly { readonly key: SortKey; readonly name: string }[] = COLUMNS.map(
  ({ key, label }) => ({ key, name: label }),
);

export interface SessionGridProps {
  /** In the order to be shown. */
  readonly rows: readonly Row[];
  readonly nowMs: number;
  readonly sorting: Sorting;
  readonly ending: ReadonlySet<string>;
  readonly hasGenerations: boolean;
  readonly onSort: (sorting: Sorting) => void;
  readonly onOpen: (row: Row) => void;
  readonly onEnd: (row: Row) => void;
}

/** The sessions as a table of which only the rows in sight are drawn: a thousand cost what thirty cost. */
export function SessionGrid(props: SessionGridProps) {
  const { rows, sorting, onSort, onOpen, onEnd } = props;
  const isNarrow = useMedia('(max-width: 760px)');
  const isTouched = useMedia('(pointer: coarse)');
  const rowHeight = isNarrow ? TALL_ROW_HEIGHT : isTouched ? TOUCH_ROW_HEIGHT : ROW_HEIGHT;
  const body = useRef<HTMLDivElement>(null);
  const { scrollTop, height, scrollbar } = useScroll(body);
  const keys = useGridKeys({ rows, body, rowHeight, onOpen, onEnd });
  const { from, to } = visibleRange(rows.length, rowHeight, scrollTop, height);
  return (
    <div class="grid" role="grid" aria-label="Sessions" aria-rowcount={rows.length + 1} aria-colcount={11}>
      <div role="rowgroup" class="grid-head" style={{ paddingRight: `${scrollbar}px` }}>
        <div role="row" aria-rowindex={1} class="grid-row">
          {COLUMNS.map((column) => (
            <Heading key={column.key} column={column} sorting={sorting} onSort={onSort} />
          ))}
          <span role="columnheader" class="cell cell-action">
            <span class="hidden">Action</span>
          </span>
        </div>
      </div>
      <div role="rowgroup" class="grid-body" ref={body} onKeyDown={keys.onKeyDown}>
        <div role="presentation" class="grid-space" style={{ height: `${rows.length * rowHeight}px` }}>
          {drawn(rows, from, to, keys.activeIndex).map(([row, index]) => (
            <SessionRow
              key={row.id}
              {...props}
              row={row}
              index={index}
              top={index * rowHeight}
              height={rowHeight}
              isActive={index === keys.activeIndex}
              onFocus={() => keys.activate(row.id)}
            />
          ))}
        </div>
      </div>
    </div>
  );
}

/** Rows with their places. The active one is always there: it may have the focus, which must not get lost by scrolling. */
function drawn(
  rows: readonly Row[],
  from: number,
  to: number,
  active: number,
): (readonly [row: Row, index: number])[] {
  const shown = rows.slice(from, to).map((row, index) => [row, from + index] as const);
  const row = rows[active];
  return row === undefined || (active >= from && active < to) ? shown : [...shown, [row, active]];
}

interface HeadingProps {
  readonly column: Column;
  readonly sorting: Sorting;
  readonly onSort: (sorting: Sorting) => void;
}

function Heading({ column: { key, label, title, isNumber = false }, sorting, onSort }: HeadingProps) {
  const isSorted = sorting.key === key;
  const order = sorting.isDescending ? 'descending' : 'ascending';
  return (
    <span
      role="columnheader"
      class={`cell cell-${key} ${isNumber ? 'number' : ''}`}
      aria-sort={isSorted ? order : 'none'}
    >
      <button type="button" class="heading" title={title} onClick={() => onSort(toggled(sorting, key))}>
        {label}
        {title === undefined ? null : <span class="hidden"> ({title})</span>}
        <span class="sort-mark" aria-hidden="true">
          {isSorted ? (sorting.isDescending ? '▼' : '▲') : ''}
        </span>
      </button>
    </span>
  );
}

interface SessionRowProps extends SessionGridProps {
  readonly row: Row;
  readonly index: number;
  readonly top: number;
  readonly height: number;
  readonly isActive: boolean;
  readonly onFocus: () => void;
}

function SessionRow(props: SessionRowProps) {
  const { row, index, top, height, isActive, nowMs, ending, hasGenerations, onOpen, onEnd, onFocus } = props;
  const [host, port] = format.targetParts(row.host, row.port);
  const name = `${host}${port}`;
  const tab = isActive ? 0 : -1;
  const isEnding = ending.has(row.id);
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      class="grid-row"
      data-id={row.id}
      tabIndex={tab}
      style={{ transform: `translateY(${top}px)`, height: `${height}px` }}
      onFocus={onFocus}
      onClick={() => onOpen(row)}
    >
      <span role="gridcell" class="cell cell-target" title={name}>
        <span class="host">{host}</span>
        <span>{port}</span>
      </span>
      <span role="gridcell" class="cell cell-conduit" title={format.plain(row.conduit)}>
        {format.plain(row.conduit)}
      </span>
      <span role="gridcell" class="cell cell-device">
        {row.deviceId}
      </span>
      <span role="gridcell" class="cell cell-state">
        <StateBadge row={row} isEnding={isEnding} />
      </span>
      <span role="gridcell" class="cell cell-age number">
        {format.age(nowMs - startedMs(row))}
      </span>
      <span role="gridcell" class="cell cell-uplinkRate number">
        {format.rate(row.uplinkRate)}
      </span>
      <span role="gridcell" class="cell cell-downlinkRate number">
        {format.rate(row.downlinkRate)}
      </span>
      <span role="gridcell" class="cell cell-uplinkBytes number">
        {format.bytes(row.uplinkBytes)}
      </span>
      <span role="gridcell" class="cell cell-downlinkBytes number">
        {format.bytes(row.downlinkBytes)}
      </span>
      <span role="gridcell" class="cell cell-worker number">
        {workerName(row, hasGenerations)}
      </span>
      <span role="gridcell" class="cell cell-action">
        <button
          type="button"
          class="quiet"
          tabIndex={tab}
          disabled={isEnding}
          aria-label={`End the session to ${name}`}
          onClick={(event) => {
            event.stopPropagation();
            onEnd(row);
          }}
        >
          End
        </button>
      </span>
    </div>
  );
}

/** `2`; with several generations `1·2`, the generation first. 0 is a worker that is still to be found. */
export function workerName({ worker, generation }: Row, hasGenerations: boolean): string {
  if (worker === 0) return '–';
  return hasGenerations ? `${generation}·${worker}` : String(worker);
}

/** All in pixels. */
interface Scroll {
  readonly scrollTop: number;
  readonly height: number;
  /** Width of the scrollbar, which the headings have to leave free as well; 0 where there is none. */
  readonly scrollbar: number;
}

function useScroll(body: { readonly current: HTMLDivElement | null }): Scroll {
  const [place, setPlace] = useState<Scroll>({ scrollTop: 0, height: 600, scrollbar: 0 });
  const look = (): void => {
    const { scrollTop = 0, clientHeight: height = 0, clientWidth = 0, offsetWidth = 0 } = body.current ?? {};
    const scrollbar = offsetWidth - clientWidth;
    setPlace((before) =>
      before.scrollTop === scrollTop && before.height === height && before.scrollbar === scrollbar
        ? before
        : { scrollTop, height, scrollbar },
    );
  };
  useLayoutEffect(look, []);
  useEffect(() => {
    const element = body.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, []);
  return place;
}
