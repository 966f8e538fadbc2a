import { userInfo } from 'node:os';
import { personName } from '../../contract/approval.js';
import type { ApprovalView } from '../admin/backend.js';
import { EXIT } from '../exit-codes.js';
import { AdminClient, AdminClientError, adminCommand, type AdminCommandOptions } from './admin-client.js';
import { humanAge, printable, tableLines } from './admin-text.js';
import type { CommandIo } from './command-io.js';

export interface ApprovalsOptions extends AdminCommandOptions {
  /** Wall clock for the ages, in ms. Default Date.now. */
  readonly now?: () => number;
}

export interface AnswerOptions extends AdminCommandOptions {
  /** Id of the request, as `gatehouse approvals` shows it. */
  readonly id: string;
  readonly verdict: 'approve' | 'deny';
  /** Who answers; default the account that runs the command. */
  readonly by?: string | undefined;
}

/** Ids that the agent gives out; anything else is a typing mistake and is not sent. */
const ID = /^[0-9a-f]{10}$/;

/** `gatehouse approvals`: who waits for somebody on site, or with `json` the array as the agent sent it. */
export function approvals(options: ApprovalsOptions, io: CommandIo): Promise<number> {
  return adminCommand(io, async () => {
    const { body } = await new AdminClient(options.target).ask('GET', '/api/approvals');
    if (options.json === true) {
      io.stdout.write(`${JSON.stringify(body, null, 2)}\n`);
      return;
    }
    const list = Array.isArray(body) ? (body as ApprovalView[]) : [];
    io.stdout.write(`${approvalLines(list, (options.now ?? Date.now)()).join('\n')}\n`);
  });
}

/** `gatehouse approve ID` and `gatehouse deny ID`. Gives the exit code. */
export function answerApproval(options: AnswerOptions, io: CommandIo): Promise<number> {
  return adminCommand(io, async () => {
    const { id, verdict, json } = options;
    if (!ID.test(id)) {
      throw new AdminClientError(
        EXIT.usage,
        'ID must be the id of a request as "gatehouse approvals" shows it.',
      );
    }
    const by = personName(options.by ?? account());
    const body = { way: 'command line', ...(by === undefined ? {} : { by }) };
    await new AdminClient(options.target).ask('POST', `/api/approvals/${id}/${verdict}`, body);
    const done = verdict === 'approve' ? 'approved' : 'denied';
    io.stdout.write(
      `${json === true ? JSON.stringify({ id, status: done }) : `Request ${id} is ${done}.`}\n`,
    );
  });
}

/** The table, or one sentence when nobody waits. */
export function approvalLines(list: readonly ApprovalView[], nowMs: number): string[] {
  if (list.length === 0) return ['Nobody waits for approval.'];
  const rows = list.map(({ id, conduit, host, port, operationId, askedAt, expiresAt }) => [
    printable(id),
    printable(conduit),
    printable(`${host.includes(':') ? `[${host}]` : host}:${port}`),
    printable(operationId),
    humanAge((nowMs - Date.parse(askedAt)) / 1_000),
    humanAge((Date.parse(expiresAt) - nowMs) / 1_000),
  ]);
  const table = tableLines(
    [
      // Never cut: an id is there to be copied.
      { title: 'ID' },
      { title: 'CONDUIT', max: 20 },
      { title: 'TARGET', max: 30 },
      { title: 'OPERATION' },
      { title: 'WAITS', align: 'right' },
      { title: 'LEFT', align: 'right' },
    ],
    rows,
  );
  const who = list.length === 1 ? '1 request waits' : `${list.length} requests wait`;
  return [...table, '', `${who}. gatehouse approve ID lets it in, gatehouse deny ID does not.`];
}

function account(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    // An account without an entry in the user database, as containers have.
    return undefined;
  }
}
