import { humanAge, humanBytes } from '../admin-text.js';
import { cut } from './line.js';
import type { Piece, Style } from './line.js';
import type { SessionRow, SortKey } from './session-row.js';

/** Between two columns. */
const GAP = '  ';

/** Columns of a higher rank come last: they help now and then. */
const LAST_NEEDED = 4;

/** A column of the table of sessions. */
export interface SessionColumn {
  readonly title: string;
  readonly key?: SortKey;
  /** Narrowest, in characters. */
  readonly width: number;
  /** Widest that it may become when there is room; default: never wider. */
  readonly most?: number;
  readonly isRight?: boolean;
  /** Which columns have to go first when it is narrow: the highest number. */
  readonly rank: number;
  readonly text: (row: SessionRow) => string;
  readonly style?: (row: SessionRow) => Style | undefined;
}

const COLUMNS: readonly SessionColumn[] = [
  { title: 'ID', key: 'id', width: 10, most: 16, rank: 1, text: ({ id }) => id },
  { title: 'CONDUIT', key: 'conduit', width: 9, most: 24, rank: 4, text: ({ conduit }) => conduit },
  { title: 'TARGET', key: 'target', width: 15, most: 47, rank: 0, text: ({ target }) => target },
  { title: 'STATE', key: 'state', width: 8, rank: 3, text: stateText, style: stateStyle },
  { title: 'AGE', key: 'age', width: 7, isRight: true, rank: 2, text: ({ age }) => span(age) },
  {
    title: 'UP/s',
    key: 'uplinkRate',
    width: 8,
    isRight: true,
    rank: 1,
    text: ({ uplinkRate }) => rate(uplinkRate),
  },
  {
    title: 'DOWN/s',
    key: 'downlinkRate',
    width: 8,
    isRight: true,
    rank: 1,
    text: ({ downlinkRate }) => rate(downlinkRate),
  },
  {
    title: 'UP',
    key: 'uplinkBytes',
    width: 8,
    isRight: true,
    rank: 5,
    text: ({ uplinkBytes }) => humanBytes(uplinkBytes),
  },
  {
    title: 'DOWN',
    key: 'downlinkBytes',
    width: 8,
    isRight: true,
    rank: 5,
    text: ({ downlinkBytes }) => humanBytes(downlinkBytes),
  },
  { title: 'ENDS IN', width: 7, isRight: true, rank: 4, text: ({ left }) => span(left), style: endStyle },
  { title: 'DEVICE', width: 8, rank: 6, text: ({ device }) => device },
  { title: 'OPERATION', width: 9, rank: 7, text: ({ operation }) => operation },
  { title: 'WORKER', width: 6, isRight: true, rank: 8, text: ({ worker }) => String(worker) },
  { title: 'GEN', width: 4, isRight: true, rank: 6, text: ({ generation }) => String(generation) },
];

/** A session that ends sooner is shown so, in s. */
const SOON_S = 300;

/** A column with the width that it has on this screen. */
export interface FittedColumn extends SessionColumn {
  readonly fitted: number;
}

/**
 * The columns that fit into `width` characters: first those that matter, then room for their longer texts, then, with
 * what is left, those that help now and then.
 */
export function fittedColumns(rows: readonly SessionRow[], width: number): readonly FittedColumn[] {
  const wanted = COLUMNS.filter((column) => isOfUse(column, rows));
  const fitted = new Map<SessionColumn, number>();
  let room = width + GAP.length;
  const take = (columns: readonly SessionColumn[]): void => {
    for (const column of columns.toSorted((one, other) => one.rank - other.rank)) {
      const least = leastOf(column, rows);
      const needs = least + GAP.length;
      if (needs > room) return;
      fitted.set(column, least);
      room -= needs;
    }
  };
  take(wanted.filter(({ rank }) => rank <= LAST_NEEDED));
  for (const [column, least] of fitted) {
    const more = Math.min(room, mostOf(column, rows) - least);
    fitted.set(column, least + more);
    room -= more;
  }
  if (wanted.every((column) => column.rank > LAST_NEEDED || fitted.has(column)))
    take(wanted.filter(({ rank }) => rank > LAST_NEEDED));
  return wanted.flatMap((column) => {
    const size = fitted.get(column);
    return size === undefined ? [] : [{ ...column, fitted: size }];
  });
}

/** Texts that are all short need less than the usual width. */
function leastOf(column: SessionColumn, rows: readonly SessionRow[]): number {
  return column.most === undefined ? column.width : Math.min(column.width, mostOf(column, rows));
}

/** As wide as its longest text, and its heading with the mark behind it. */
function mostOf(column: SessionColumn, rows: readonly SessionRow[]): number {
  if (column.most === undefined) return column.width;
  const least = column.title.length + MARK_WIDTH;
  return Math.min(
    column.most,
    rows.reduce((max, row) => Math.max(max, column.text(row).length), least),
  );
}

/** The mark behind the heading of the column that orders. */
const MARK_WIDTH = 2;

/** Some columns say nothing as long as they say the same everywhere. */
function isOfUse({ title }: SessionColumn, rows: readonly SessionRow[]): boolean {
  if (title === 'ENDS IN') return rows.some(({ left }) => left !== undefined);
  if (title === 'GEN') return new Set(rows.map(({ generation }) => generation)).size > 1;
  return true;
}

/** The headings; the column that orders is marked, `^` and `v` say how. */
export function headings(columns: readonly FittedColumn[], sort: SortKey, isReversed: boolean): Piece[] {
  return joined(
    columns.map((column) => {
      const isSort = column.key === sort;
      const mark = isSort ? (isReversed ? ' ^' : ' v') : '';
      return { text: aligned(`${column.title}${mark}`, column), style: isSort ? 'cyan' : 'bold' };
    }),
  );
}

/** The cells of one session. */
export function cells(columns: readonly FittedColumn[], row: SessionRow): Piece[] {
  return joined(
    columns.map((column) => ({ text: aligned(column.text(row), column), style: column.style?.(row) })),
  );
}

function joined(pieces: readonly Piece[]): Piece[] {
  return pieces.flatMap((piece, index) => (index === 0 ? [piece] : [{ text: GAP }, piece]));
}

function aligned(text: string, { fitted, isRight = false }: FittedColumn): string {
  const shown = cut(text, fitted);
  return isRight ? shown.padStart(fitted) : shown.padEnd(fitted);
}

function rate(bytes: number): string {
  return bytes < 0.5 ? '-' : humanBytes(bytes);
}

function span(seconds: number | undefined): string {
  return seconds === undefined ? '-' : humanAge(seconds);
}

function stateText({ state }: SessionRow): string {
  return state === 'connecting' ? 'dialing' : state;
}

function stateStyle({ state }: SessionRow): Style | undefined {
  return state === 'open' ? 'green' : state === 'closing' ? 'dim' : 'yellow';
}

function endStyle({ left }: SessionRow): Style | undefined {
  return left !== undefined && left < SOON_S ? 'yellow' : undefined;
}
