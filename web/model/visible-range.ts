/** Rows beyond the edges that are drawn too, so that a flick shows no gap. */
const OVERSCAN = 8;

/** Which of `count` rows of one height are drawn: `from` up to but not with `to`. All lengths in pixels. */
export function visibleRange(
  count: number,
  rowHeight: number,
  scrollTop: number,
  height: number,
): { from: number; to: number } {
  const first = Math.floor(Math.max(0, scrollTop) / rowHeight);
  const last = Math.ceil((Math.max(0, scrollTop) + height) / rowHeight);
  const to = Math.min(count, last + OVERSCAN);
  return { from: Math.max(0, Math.min(first, to) - OVERSCAN), to };
}
