import type { ApprovalView, StatusView } from '../admin/backend.js';
import { AdminClient, AdminClientError, adminCommand, type AdminCommandOptions } from './admin-client.js';
import { EXIT } from '../exit-codes.js';
import type { CommandIo } from './command-io.js';
import { statusLines } from './status-lines.js';
import { Terminal } from './terminal.js';

/** Lines of the screen that are left to the prompt above and below. */
const PROMPT_LINES = 2;

/**
 * `gatehouse status`: the agent at a glance, on a terminal as much of it as one screen shows; with `json` the object as
 * the agent sent it. Gives the exit code.
 */
export function status(options: AdminCommandOptions, io: CommandIo): Promise<number> {
  return adminCommand(io, async () => {
    const client = new AdminClient(options.target);
    const { body } = await client.ask('GET', '/api/status');
    if (options.json === true) {
      io.stdout.write(`${JSON.stringify(body, null, 2)}\n`);
      return;
    }
    if (!isStatus(body)) {
      throw new AdminClientError(
        EXIT.failed,
        'The agent sent a status this version does not know; try --json.',
      );
    }
    const terminal = new Terminal(io.stdout, io.env);
    const lines = statusLines(body, {
      waiting: await waitingApprovals(client),
      columns: terminal.columns,
      rows: io.stdout.isTTY === true ? (io.stdout.rows ?? 24) - PROMPT_LINES : undefined,
      paint: (colour, text) => terminal.paint(colour, text),
    });
    io.stdout.write(`${lines.join('\n')}\n`);
  });
}

/** Those who wait for somebody on site; an agent of an earlier version knows none. */
async function waitingApprovals(client: AdminClient): Promise<number> {
  try {
    const { body } = await client.ask('GET', '/api/approvals');
    return Array.isArray(body) ? (body as readonly ApprovalView[]).length : 0;
  } catch (error) {
    if (!(error instanceof AdminClientError)) throw error;
    return 0;
  }
}

/** Enough of a check to print it: a later version may have added fields, never removed any (CONTRACT). */
function isStatus(body: unknown): body is StatusView {
  return (
    typeof body === 'object' &&
    body !== null &&
    'cloud' in body &&
    'resources' in body &&
    'workers' in body &&
    'totals' in body
  );
}
