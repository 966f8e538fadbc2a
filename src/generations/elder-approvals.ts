import type { AdminBackend, ApprovalOutcome, ApprovalView } from '../admin/backend.js';
import type { Elders, OwnBackend } from './elders.js';

/** Longest wait for an elder, in ms; what it is asked waits for nothing there. */
const ANSWER_MS = 2_000;

/** Requests of all generations: an elder keeps those that it was asked for before the reload. */
export function approvalsOfAll(
  own: OwnBackend,
  elders: Elders,
): Pick<AdminBackend, 'approvals' | 'answerApproval'> {
  return {
    approvals: async () => {
      const question = { kind: 'approvals' } as const;
      const answers = await Promise.all(elders.alive.map((elder) => elders.ask(elder, question, ANSWER_MS)));
      return [...answers.flatMap(asRequests), ...own.approvals()];
    },
    answerApproval: async (id, answer) => {
      const outcome = own.answerApproval(id, answer);
      if (outcome.kind !== 'unknown') return outcome;
      const question = { kind: 'answer-approval', approval: id, answer } as const;
      const answers = await Promise.all(elders.alive.map((elder) => elders.ask(elder, question, ANSWER_MS)));
      return answers.map(asOutcome).find(({ kind }) => kind !== 'unknown') ?? outcome;
    },
  };
}

function asRequests(answer: unknown): readonly ApprovalView[] {
  return Array.isArray(answer) ? (answer as ApprovalView[]) : [];
}

/** One that does not answer has taken nothing. */
function asOutcome(answer: unknown): ApprovalOutcome {
  const isOutcome = typeof answer === 'object' && answer !== null && 'kind' in answer;
  return isOutcome ? (answer as ApprovalOutcome) : { kind: 'unknown' };
}
