import type { Key } from './keys.js';
import { SORT_KEYS } from './session-row.js';
import type { SessionRow, SortKey } from './session-row.js';

/** Longest search, in characters. */
const MAX_SEARCH = 60;

/** What the keys do at the moment. */
export type Mode =
  | { readonly kind: 'list' }
  | { readonly kind: 'help' }
  /** `before` comes back with Escape. */
  | { readonly kind: 'search'; readonly before: string }
  | { readonly kind: 'confirm'; readonly id: string };

/** How somebody looks at the sessions. */
export interface WatchState {
  readonly mode: Mode;
  readonly sort: SortKey;
  readonly isReversed: boolean;
  readonly search: string;
  /** The session that is meant by "end"; undefined when there is none. */
  readonly selectedId: string | undefined;
  /** Where it stood, for when it is gone. */
  readonly selectedIndex: number;
  /** First row that is shown. */
  readonly top: number;
}

export const INITIAL: WatchState = {
  mode: { kind: 'list' },
  sort: 'age',
  isReversed: false,
  search: '',
  selectedId: undefined,
  selectedIndex: 0,
  top: 0,
};

/** What is to be done besides. */
export type Action = { readonly kind: 'quit' } | { readonly kind: 'end'; readonly id: string };

export interface Step {
  readonly state: WatchState;
  readonly action?: Action;
}

/** Letters that order by a column at once; again, they turn it round. */
export const SORT_LETTERS: Readonly<Record<string, SortKey>> = {
  i: 'id',
  c: 'conduit',
  t: 'target',
  s: 'state',
  a: 'age',
  u: 'uplinkRate',
  d: 'downlinkRate',
};

/** One key pressed. `rows` are those in the list, `page` is how many fit on the screen. */
export function press(state: WatchState, key: Key, rows: readonly SessionRow[], page: number): Step {
  if (key.kind === 'interrupt') return { state, action: { kind: 'quit' } };
  switch (state.mode.kind) {
    case 'list':
      return pressInList(state, key, rows, page);
    case 'help':
      return { state: { ...state, mode: { kind: 'list' } } };
    case 'search':
      return { state: pressInSearch(state, state.mode.before, key) };
    case 'confirm': {
      const isYes = key.kind === 'character' && key.text.toLowerCase() === 'y';
      const next: WatchState = { ...state, mode: { kind: 'list' } };
      return isYes ? { state: next, action: { kind: 'end', id: state.mode.id } } : { state: next };
    }
  }
}

/** The selection and what is shown of the list after the rows have changed. */
export function settle(state: WatchState, rows: readonly SessionRow[], page: number): WatchState {
  const found = rows.findIndex(({ id }) => id === state.selectedId);
  const selectedIndex = Math.max(0, found === -1 ? Math.min(state.selectedIndex, rows.length - 1) : found);
  const lowest = Math.max(0, rows.length - page);
  const top = Math.min(lowest, Math.max(selectedIndex - page + 1, Math.min(state.top, selectedIndex)));
  // Whom somebody is about to end must not become another one.
  const isGone = state.mode.kind === 'confirm' && found === -1;
  const mode: Mode = isGone ? { kind: 'list' } : state.mode;
  return { ...state, mode, selectedIndex, selectedId: rows[selectedIndex]?.id, top: Math.max(0, top) };
}

function pressInList(state: WatchState, key: Key, rows: readonly SessionRow[], page: number): Step {
  const go = (index: number): Step => {
    const selectedIndex = Math.max(0, Math.min(rows.length - 1, index));
    return { state: { ...state, selectedIndex, selectedId: rows[selectedIndex]?.id } };
  };
  const at = state.selectedIndex;
  switch (key.kind) {
    case 'up':
      return go(at - 1);
    case 'down':
      return go(at + 1);
    case 'page-up':
      return go(at - page);
    case 'page-down':
      return go(at + page);
    case 'home':
      return go(0);
    case 'end':
      return go(rows.length - 1);
    case 'left':
      return { state: sortBy(state, neighbour(state.sort, -1)) };
    case 'right':
      return { state: sortBy(state, neighbour(state.sort, 1)) };
    case 'delete':
      return { state: askToEnd(state) };
    case 'escape':
      return { state: { ...state, search: '' } };
    case 'character':
      return pressLetter(state, key.text);
    default:
      return { state };
  }
}

function pressLetter(state: WatchState, letter: string): Step {
  switch (letter) {
    case 'q':
      return { state, action: { kind: 'quit' } };
    case '/':
      return { state: { ...state, mode: { kind: 'search', before: state.search } } };
    case 'r':
      return { state: { ...state, isReversed: !state.isReversed } };
    case 'x':
      return { state: askToEnd(state) };
    case '?':
    case 'h':
      return { state: { ...state, mode: { kind: 'help' } } };
    default: {
      const sort = SORT_LETTERS[letter];
      if (sort === undefined) return { state };
      return {
        state: sort === state.sort ? { ...state, isReversed: !state.isReversed } : sortBy(state, sort),
      };
    }
  }
}

function pressInSearch(state: WatchState, before: string, key: Key): WatchState {
  switch (key.kind) {
    case 'enter':
      return { ...state, mode: { kind: 'list' } };
    case 'escape':
      return { ...state, search: before, mode: { kind: 'list' } };
    case 'backspace':
      return { ...state, search: state.search.replace(/.$/su, '') };
    case 'character':
      return { ...state, search: `${state.search}${key.text}`.slice(0, MAX_SEARCH) };
    default:
      return state;
  }
}

function askToEnd(state: WatchState): WatchState {
  const { selectedId: id } = state;
  return id === undefined ? state : { ...state, mode: { kind: 'confirm', id } };
}

function sortBy(state: WatchState, sort: SortKey): WatchState {
  return { ...state, sort, isReversed: false };
}

function neighbour(key: SortKey, step: number): SortKey {
  const index = SORT_KEYS.indexOf(key) + step;
  return SORT_KEYS[Math.max(0, Math.min(SORT_KEYS.length - 1, index))] ?? key;
}
