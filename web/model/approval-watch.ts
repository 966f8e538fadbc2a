import type { ApprovalView } from '../../src/admin/backend.js';
import { pause } from './pause.js';

/** Longest wait for an answer, in ms. */
const ANSWER_MS = 5_000;

export interface ApprovalWatchOptions {
  /** Of /api/approvals. */
  readonly url: string;
  readonly token: string | undefined;
  /** Between two questions, in ms. */
  readonly everyMs: number;
  readonly onApprovals: (approvals: readonly ApprovalView[]) => void;
}

/**
 * Asks again and again who waits for approval, each time with a request that ends: for a page that nobody looks at. It
 * goes on until `signal` is aborted, and gives up when it is refused, because a wrong token must not be sent for ever.
 */
export async function watchApprovals(options: ApprovalWatchOptions, signal: AbortSignal): Promise<void> {
  const hasEnded = (): boolean => signal.aborted;
  while (!hasEnded()) {
    const approvals = await ask(options).catch(() => undefined);
    if (approvals === 'refused') return;
    // It may have come into sight meanwhile, and know more than this answer.
    if (approvals !== undefined && !hasEnded()) options.onApprovals(approvals);
    await pause(options.everyMs, signal);
  }
}

async function ask({ url, token }: ApprovalWatchOptions): Promise<readonly ApprovalView[] | 'refused'> {
  const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const answer = await fetch(url, { headers, signal: AbortSignal.timeout(ANSWER_MS) });
  if (answer.status === 401 || answer.status === 403 || answer.status === 429) return 'refused';
  // Anything else may be over the next time.
  if (!answer.ok) throw new Error(`The agent answered ${answer.status}.`);
  return (await answer.json()) as readonly ApprovalView[];
}
