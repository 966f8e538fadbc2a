import { sessionRow } from '../../../src/cli/watch/session-row.js';
import type { SessionRow } from '../../../src/cli/watch/session-row.js';
import { SESSION } from '../admin/admin-helpers.js';

export const NOW_MS = Date.parse('2030-01-02T04:09:05.000Z');

/** A row of the table, like that of `SESSION` unless something else is given. */
export function row(more: Partial<SessionRow> = {}): SessionRow {
  return { ...sessionRow(SESSION, { uplink: 0, downlink: 0 }, NOW_MS), ...more };
}
