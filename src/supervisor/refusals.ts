import { GatehouseError } from '../../contract/failure.js';
import { MAX_CONNECTING_SESSIONS, MAX_OUTBOX_OPERATIONS } from '../../contract/limits.js';

/** Approved was a path of the conduit that stood in the request. */
export function anotherConduit(asked: string, now: string): GatehouseError {
  const sentence = `While the request waited for approval, conduit ${now} took the place of ${asked} in the configuration; connect again.`;
  return new GatehouseError('policy-denied', sentence);
}

/** Each one that connects costs two dials. */
export function tooManyConnecting(): GatehouseError {
  const sentence = `${MAX_CONNECTING_SESSIONS} sessions are being connected already; connect again in a moment.`;
  return new GatehouseError('limit-reached', sentence);
}

/** The cloud takes no statuses. */
export function outboxFull(): GatehouseError {
  const sentence = `${MAX_OUTBOX_OPERATIONS} statuses wait for the cloud to take them; try again later.`;
  return new GatehouseError('limit-reached', sentence);
}

/** What is not written down could be dialled twice, after a restart. */
export function notJournalled(cause: unknown): GatehouseError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const sentence = `The gateway cannot write this request into its journal (${why}); free or repair the disk of state.directory, then connect again.`;
  return new GatehouseError('local-resources', sentence, { cause });
}

/** Any error as a failure with a code. */
export function asFailure(error: unknown): GatehouseError {
  if (error instanceof GatehouseError) return error;
  return new GatehouseError('internal-error', error instanceof Error ? error.message : String(error), {
    cause: error,
  });
}
