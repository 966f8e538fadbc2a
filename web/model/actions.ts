import { errorOf } from './event-stream.js';

/** Changes that a person asks for. Each gives a sentence for that person when it did not work. */
export interface Actions {
  /** Ends a session; resolves when both of its sockets are gone. */
  end(sessionId: string): Promise<Outcome>;
  /** `by` is who decides; it may be empty. */
  decide(approvalId: string, decision: 'approve' | 'deny', by: string): Promise<Outcome>;
}

export type Outcome = { readonly ok: true } | { readonly ok: false; readonly sentence: string };

/** Over the admin API, with the admin token if there is one. */
export function actionsOf(token: string | undefined): Actions {
  return {
    end: (sessionId) => send(token, 'DELETE', `/api/sessions/${sessionId}`),
    decide: (approvalId, decision, by) =>
      send(token, 'POST', `/api/approvals/${approvalId}/${decision}`, {
        way: 'dashboard',
        ...(by === '' ? {} : { by }),
      }),
  };
}

async function send(
  token: string | undefined,
  method: 'DELETE' | 'POST',
  url: string,
  body?: object,
): Promise<Outcome> {
  const headers = {
    ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
  };
  try {
    const text = body === undefined ? null : JSON.stringify(body);
    const answer = await fetch(url, { method, headers, body: text });
    if (answer.ok) return { ok: true };
    const { error, message } = await errorOf(answer);
    // Somebody else was faster: what was wanted is so.
    if (error === 'unknown-session') return { ok: true };
    return { ok: false, sentence: message };
  } catch {
    return { ok: false, sentence: 'The agent does not answer; look whether it runs, then try again.' };
  }
}
