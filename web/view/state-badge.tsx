import type { Row } from '../model/dashboard.js';

/** The state of a session: a word, and a colour for those who see it. */
export function StateBadge({ row, isEnding }: { readonly row: Row; readonly isEnding: boolean }) {
  if (isEnding) return <Badge kind="closing" text="ending" />;
  if (row.approval === 'waiting') return <Badge kind="waiting" text="waiting" />;
  return <Badge kind={row.state} text={row.state} />;
}

export function Badge({ kind, text }: { readonly kind: string; readonly text: string }) {
  return <span class={`badge badge-${kind}`}>{text}</span>;
}
