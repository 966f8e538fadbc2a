import { AdminClientError } from '../admin-client.js';
import { printable } from '../admin-text.js';
import type { TextSink } from '../command-io.js';
import type { AgentFeed, Reading } from './agent-feed.js';
import { cells, fittedColumns, headings } from './columns.js';
import { pause } from './live-watch.js';
import { render } from './line.js';
import { Rates } from './rates.js';
import { ordered, sessionRow } from './session-row.js';

/** Width where nobody says how wide it is: enough for all that matters, in a file or a log. */
const WIDTH = 132;

export interface PlainWatchParts {
  readonly feed: AgentFeed;
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly intervalMs: number;
  /** One line of JSON for each reading. */
  readonly isJson: boolean;
  readonly stop: AbortSignal;
  /** Wall clock, in ms since 1970. */
  readonly now: () => number;
}

/**
 * The sessions again and again, for pipes, files and terminals that cannot do more, until it is stopped.
 * @throws AdminClientError when the agent does not answer the first time.
 */
export async function plainWatch(parts: PlainWatchParts): Promise<void> {
  const { feed, stderr, intervalMs, stop } = parts;
  const rates = new Rates();
  let [isFirst, isAway] = [true, false];
  while (!stop.aborted) {
    try {
      const reading = await feed.read();
      rates.read(reading.sessions, performance.now());
      if (isAway) stderr.write('The agent answers again.\n');
      [isFirst, isAway] = [false, false];
      tell(reading, rates, parts);
    } catch (error) {
      if (!(error instanceof AdminClientError) || isFirst) throw error;
      if (!isAway) stderr.write(`${printable(error.message)} Trying again.\n`);
      isAway = true;
    }
    await pause(intervalMs, stop);
  }
}

function tell({ sessions, about }: Reading, rates: Rates, { stdout, isJson, now }: PlainWatchParts): void {
  const at = new Date(now()).toISOString();
  if (isJson) {
    stdout.write(`${JSON.stringify({ at, sessions })}\n`);
    return;
  }
  const rows = ordered(
    sessions.map((session) => sessionRow(session, rates.of(session.id), now())),
    'age',
    false,
  );
  const columns = fittedColumns(rows, WIDTH);
  const count = rows.length === 1 ? '1 session' : `${rows.length} sessions`;
  const lines = [
    `${at}  ${count}${about === '' ? '' : `  ${about}`}`,
    ...(rows.length === 0
      ? []
      : [headings(columns, 'age', false), ...rows.map((row) => cells(columns, row))]
    ).map((pieces) => render({ pieces }, WIDTH, false).trimEnd()),
  ];
  stdout.write(`${lines.join('\n')}\n\n`);
}
