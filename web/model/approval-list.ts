import type { ApprovalView, OperationView } from '../../src/admin/backend.js';

/**
 * How long a request that waits no longer keeps its place, in ms: the one below it must not come under a pointer that is
 * about to press, and what became of the first one can be read.
 */
export const SETTLED_MS = 3_000;

/** A request as it is shown. */
export interface ShownApproval extends ApprovalView {
  /** When it was first missing among those that wait, by the agent's clock, in ms; undefined while it waits. */
  readonly settledAtMs: number | undefined;
}

/** What is shown once these `waiting` ones are known: each stays where it was, new ones come last. */
export function shownApprovals(
  before: readonly ShownApproval[],
  waiting: readonly ApprovalView[],
  nowMs: number,
): readonly ShownApproval[] {
  const left = new Map(waiting.map((approval) => [approval.id, approval]));
  const kept = before.flatMap((one): ShownApproval[] => {
    const now = left.get(one.id);
    left.delete(one.id);
    if (now !== undefined) return [{ ...now, settledAtMs: undefined }];
    const settledAtMs = one.settledAtMs ?? nowMs;
    return nowMs - settledAtMs < SETTLED_MS ? [{ ...one, settledAtMs }] : [];
  });
  return [...kept, ...[...left.values()].map((one) => ({ ...one, settledAtMs: undefined }))];
}

/** Those that wait. */
export function waitingOf(approvals: readonly ShownApproval[]): readonly ShownApproval[] {
  return approvals.filter(({ settledAtMs }) => settledAtMs === undefined);
}

/** What became of a request, as its operation tells; undefined while it waits, and when nothing is known. */
export function becameOf(
  { settledAtMs, operationId }: ShownApproval,
  operations: readonly OperationView[],
): string | undefined {
  if (settledAtMs === undefined) return undefined;
  const operation = operations.find((one) => one.operationId === operationId);
  if (operation === undefined || operation.outcome === 'waiting') return undefined;
  const { outcome, code } = operation;
  if (code === 'approval-denied') return 'Denied.';
  if (code === 'approval-timeout') return 'Refused: nobody answered in time.';
  if (code === null) return 'Approved.';
  return outcome === 'failed' ? `Approved, but it failed: ${code}.` : `Refused: ${code}.`;
}
