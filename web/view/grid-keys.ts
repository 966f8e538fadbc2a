import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Row } from '../model/dashboard.js';

export interface GridKeysOptions {
  readonly rows: readonly Row[];
  readonly body: { readonly current: HTMLDivElement | null };
  readonly rowHeight: number;
  readonly onOpen: (row: Row) => void;
  readonly onEnd: (row: Row) => void;
}

/** What the keyboard does in the table of sessions. */
export interface GridKeys {
  /** The one row that Tab comes to; the arrow keys move it. */
  readonly activeId: string | undefined;
  /** Its place in the table; -1 when that is empty. */
  readonly activeIndex: number;
  readonly activate: (id: string) => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
}

/**
 * One row is the active one (WAI-ARIA, "roving tabindex"): arrows, Page Up and Down, Home and End move it, Enter shows the
 * session, Delete asks whether to end it. It stays with its session when the table is sorted anew.
 */
export function useGridKeys({ rows, body, rowHeight, onOpen, onEnd }: GridKeysOptions): GridKeys {
  const [active, setActive] = useState<string>();
  const wantsFocus = useRef(false);
  const lastIndex = useRef(0);
  const found = rows.findIndex(({ id }) => id === active);
  // The session that was active is gone: the one in its place is.
  const index = found === -1 ? Math.min(lastIndex.current, rows.length - 1) : found;
  lastIndex.current = Math.max(0, index);
  const activeId = rows[index]?.id;
  // Looked at before the rows are drawn anew: the one with the focus may go then, and the focus with it.
  const hasFocus = body.current?.contains(document.activeElement) === true;
  if (hasFocus && active !== undefined && found === -1) wantsFocus.current = true;

  useLayoutEffect(() => {
    if (!wantsFocus.current || activeId === undefined) return;
    for (const row of body.current?.querySelectorAll<HTMLElement>('[role=row]') ?? []) {
      if (row.dataset.id !== activeId) continue;
      row.focus({ preventScroll: true });
      wantsFocus.current = false;
    }
  });

  // The last session has gone, and the table with it.
  useLayoutEffect(
    () => () => {
      if (body.current?.contains(document.activeElement) === true)
        document.getElementById('sessions-title')?.focus();
    },
    [],
  );

  const move = (to: number): void => {
    const next = rows[Math.max(0, Math.min(rows.length - 1, to))];
    if (next === undefined || body.current === null) return;
    scrollTo(body.current, rows.indexOf(next) * rowHeight, rowHeight);
    wantsFocus.current = true;
    setActive(next.id);
  };

  return {
    activeId,
    activeIndex: index,
    activate: setActive,
    onKeyDown: (event) => {
      if (event.target instanceof HTMLButtonElement && (event.key === 'Enter' || event.key === ' ')) return;
      const page = Math.max(1, Math.floor((body.current?.clientHeight ?? 0) / rowHeight) - 1);
      const row = rows[index];
      const action: Readonly<Record<string, () => void>> = {
        ArrowDown: () => move(index + 1),
        ArrowUp: () => move(index - 1),
        PageDown: () => move(index + page),
        PageUp: () => move(index - page),
        Home: () => move(0),
        End: () => move(rows.length - 1),
        Enter: () => row === undefined || onOpen(row),
        Delete: () => row === undefined || onEnd(row),
      };
      const act = action[event.key];
      if (act === undefined) return;
      event.preventDefault();
      act();
    },
  };
}

function scrollTo(body: HTMLElement, top: number, height: number): void {
  if (top < body.scrollTop) body.scrollTop = top;
  else if (top + height > body.scrollTop + body.clientHeight)
    body.scrollTop = top + height - body.clientHeight;
}
