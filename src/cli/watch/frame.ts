import { humanAge, humanBytes } from '../admin-text.js';
import { cells, fittedColumns, headings } from './columns.js';
import { plain } from './line.js';
import type { Line, Piece, Style } from './line.js';
import type { Rate } from './rates.js';
import type { SessionRow } from './session-row.js';
import type { WatchState } from './watch-state.js';

/** Lines around the list: title, notice, headings and keys. */
const AROUND = 4;

/** A sentence above the list. */
export interface Notice {
  readonly text: string;
  readonly style: Style;
}

/** What is known of the agent. */
export interface AgentFacts {
  /** Its version, cloud link and whether it drains, in words; empty before the first answer. */
  readonly about: string;
  readonly isConnected: boolean;
  /** Since when it does not answer, in s; undefined while it does. */
  readonly awayS: number | undefined;
}

/** Everything that the screen shows. */
export interface WatchView {
  readonly state: WatchState;
  /** Those that the search finds, in order. */
  readonly rows: readonly SessionRow[];
  /** How many there are in all. */
  readonly count: number;
  readonly total: Rate;
  readonly agent: AgentFacts;
  readonly notice: Notice | undefined;
  /** Wall clock of the reading, as people read it. */
  readonly time: string;
}

/** How many sessions a screen of so many lines shows. */
export function pageOf(height: number): number {
  return Math.max(1, height - AROUND);
}

/** The screen, at most `height` lines. */
export function frame(view: WatchView, width: number, height: number): Line[] {
  const { state } = view;
  const middle =
    state.mode.kind === 'help' ? HELP.map((text) => plain(text)) : listLines(view, width, height);
  const body = middle.slice(0, Math.max(0, height - 3));
  while (body.length < height - 3) body.push(plain(''));
  return [titleLine(view, width), noticeLine(view), ...body, keysLine(view)].slice(0, Math.max(1, height));
}

function titleLine({ count, rows, total, agent, time }: WatchView, width: number): Line {
  const shown = rows.length === count ? '' : `, ${rows.length} shown`;
  const sessions = `${count === 1 ? '1 session' : `${count} sessions`}${shown}`;
  const rates = `up ${humanBytes(total.uplink)}/s  down ${humanBytes(total.downlink)}/s`;
  const left: Piece[] = [
    { text: 'Gatehouse', style: 'bold' },
    { text: `  ${sessions}  ${rates}` },
    ...(agent.about === ''
      ? []
      : [{ text: '  ' }, { text: agent.about, style: agent.isConnected ? undefined : 'yellow' } as const]),
  ];
  const used = left.reduce((sum, { text }) => sum + text.length, 0);
  const gap = width - used - time.length;
  return { pieces: gap < 2 ? left : [...left, { text: ' '.repeat(gap) }, { text: time, style: 'dim' }] };
}

/** One line for whatever somebody has to know now: a question first. */
function noticeLine({ state, rows, agent, notice }: WatchView): Line {
  const { mode } = state;
  if (mode.kind === 'confirm') {
    const row = rows.find(({ id }) => id === mode.id);
    const whom = row === undefined ? mode.id : `${row.id} to ${row.target} (${row.conduit})`;
    return plain(`End ${whom}? Press y.`, 'yellow');
  }
  if (mode.kind === 'search') return plain(`Search: ${state.search}_`, 'cyan');
  if (notice !== undefined) return plain(notice.text, notice.style);
  if (agent.awayS !== undefined)
    return plain(
      `The agent has not answered for ${humanAge(agent.awayS)}; trying again. Below is what it last said.`,
      'red',
    );
  return state.search === '' ? plain('') : plain(`Search: ${state.search}   (Escape shows all)`, 'cyan');
}

function listLines({ state, rows, count, agent }: WatchView, width: number, height: number): Line[] {
  const columns = fittedColumns(rows, width - MARK.length);
  const head: Line = {
    pieces: [{ text: ' '.repeat(MARK.length) }, ...headings(columns, state.sort, state.isReversed)],
  };
  if (rows.length === 0) {
    const why =
      count === 0
        ? 'No sessions. One appears here as soon as the cloud asks for it.'
        : 'No session matches the search.';
    return [head, plain(`${' '.repeat(MARK.length)}${why}`, 'dim')];
  }
  const visible = rows.slice(state.top, state.top + pageOf(height));
  return [
    head,
    ...visible.map((row): Line => {
      const isSelected = row.id === state.selectedId;
      const pieces = [{ text: isSelected ? MARK : ' '.repeat(MARK.length) }, ...cells(columns, row)];
      const isStale = agent.awayS !== undefined;
      return {
        pieces: isStale ? pieces.map(({ text }) => ({ text, style: 'dim' })) : pieces,
        isMarked: isSelected,
      };
    }),
  ];
}

function keysLine({ state, rows }: WatchView): Line {
  switch (state.mode.kind) {
    case 'search':
      return plain('type to search in any column   Enter keeps   Escape leaves', 'dim');
    case 'confirm':
      return plain('y ends the session   any other key keeps it', 'dim');
    case 'help':
      return plain('any key goes back', 'dim');
    case 'list': {
      const place = rows.length === 0 ? '' : `${state.selectedIndex + 1}/${rows.length}  `;
      return plain(`${place}q quit  up/down  x end  left/right sort  r turn  / search  ? help`, 'dim');
    }
  }
}

/** Stands before the session that is selected, for screens without colours. */
const MARK = '> ';

const HELP: readonly string[] = [
  'Sessions of this gateway, read once a second or as --interval says. UP is',
  'target to cloud, DOWN is cloud to target; rates are those of the last three',
  'seconds, or of the last reading.',
  '',
  '  up down PgUp PgDn Home End select a session',
  '  x or Delete                end the selected session; asks once',
  '  left right                 order by the column beside it',
  '  i c t s a u d              order by id, conduit, target, state, age, up/s, down/s',
  '  r                          turn the order round',
  '  /                          search; Enter keeps it, Escape leaves it',
  '  Escape                     show all again',
  '  q or Ctrl-C                quit; sessions stay as they are',
];
