import { errorOf } from './event-stream.js';

/** Longest wait for an answer, in ms: the agent itself waits 20 s for a session to close. */
const ANSWER_MS = 25_000;

/** Changes that a person asks for. Each gives a sentence for that person when it did not work. */
export interface Actions {
  /** Ends a session; resolves when both of its sockets are gone. */
  end(sessionId: string): Promise<Outcome>;
  /** `by` is who decides; it may be empty. */
  decide(approvalId: string, decision: 'approve' | 'deny', by: string): Promise<Outcome>;
}

export type Outcome = { readonly ok: true } | { readonly ok: false; readonly sentence: string };

export interface ActionsOptions {
  readonly token: string | undefined;
  /** Of the admin listener. Default that of the page. */
  readonly origin?: string;
  /** Default ANSWER_MS. */
  readonly answerMs?: number;
}

/** Over the admin API, with the admin token if there is one. */
export function actionsOf(options: ActionsOptions): Actions {
  return {
    end: (sessionId) => send(options, 'DELETE', `/api/sessions/${sessionId}`),
    decide: (approvalId, decision, by) =>
      send(options, 'POST', `/api/approvals/${approvalId}/${decision}`, {
        way: 'dashboard',
        ...(by === '' ? {} : { by }),
      }),
  };
}

async function send(
  { token, origin = '', answerMs = ANSWER_MS }: ActionsOptions,
  method: 'DELETE' | 'POST',
  path: string,
  body?: object,
): Promise<Outcome> {
  const headers = {
    ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
  };
  try {
    const text = body === undefined ? null : JSON.stringify(body);
    const signal = AbortSignal.timeout(answerMs);
    const answer = await fetch(`${origin}${path}`, { method, headers, body: text, signal });
    if (answer.ok) return { ok: true };
    const { error, message } = await errorOf(answer);
    // Somebody else was faster: what was wanted is so.
    if (error === 'unknown-session') return { ok: true };
    return { ok: false, sentence: message };
  } catch (error) {
    return { ok: false, sentence: isLate(error) ? late(answerMs) : NO_ANSWER };
  }
}

const NO_ANSWER = 'The agent does not answer; look whether it runs, then try again.';

/** Without an answer nobody knows whether it was done. */
function late(answerMs: number): string {
  return `The agent did not answer within ${answerMs / 1_000} s; look whether it was done, then try again.`;
}

function isLate(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'TimeoutError';
}
