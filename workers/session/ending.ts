import { GatehouseError } from '../../contract/failure.js';
import type { Endpoint, SessionEnding } from '../../contract/messages.js';
import type { EndReason } from '../../contract/session-state.js';
import { describe } from '../dial/failure.js';

/** A session whose sockets are gone without a cause; it would be a fault of ours. */
export const UNKNOWN: SessionEnding = {
  outcome: 'failed',
  code: 'internal-error',
  sentence: 'No cause known.',
};

/** How one side ended: what it is called once the session was open, and what it means before that. */
export interface SideEnd {
  readonly reason: EndReason;
  readonly detail: string;
  /** The operation's failure, when the other side was not up yet. */
  readonly failure: () => GatehouseError;
}

/** The target sends no more. */
export function targetFin(target: Endpoint): SideEnd {
  return {
    reason: 'target-fin',
    detail: 'the target closed the connection',
    failure: () =>
      new GatehouseError('target-reset', `${describe(target)} closed the connection before it was in use.`),
  };
}

/** The target reset the connection, or the kernel gave up on it; `errno` is empty where it gave none. */
export function targetBroke(target: Endpoint, errno: string): SideEnd {
  return {
    reason: errno === 'ETIMEDOUT' ? 'target-timeout' : 'target-reset',
    detail: `the target's connection broke (${errno})`,
    failure: () =>
      new GatehouseError('target-reset', `${describe(target)} reset the connection before it was in use.`),
  };
}

/** The cloud sent a close frame; code 1005 stands for one without a code. */
export function cloudClosed(code: number, reason: string): SideEnd {
  return {
    reason: 'cloud-close',
    detail: reason === '' ? String(code) : `${code} ${reason}`,
    failure: () =>
      new GatehouseError(
        'cloud-protocol',
        `The cloud closed the tunnel (${code}) before the target was connected.`,
      ),
  };
}

/** The cloud's connection ended without a close frame. */
export function cloudEnd(reason: 'cloud-fin' | 'cloud-reset'): SideEnd {
  return {
    reason,
    detail: 'the cloud ended the connection without a close frame',
    failure: () =>
      new GatehouseError('cloud-protocol', 'The cloud ended the tunnel before the target was connected.'),
  };
}

/** The cloud broke RFC 6455 or one of our limits. */
export function cloudBroke(reason: EndReason, sentence: string): SideEnd {
  return {
    reason,
    detail: sentence,
    failure: () =>
      new GatehouseError('cloud-protocol', `The cloud broke the WebSocket protocol: ${sentence}.`),
  };
}

/** Any error as one with a code. */
export function asFailure(error: unknown): GatehouseError {
  if (error instanceof GatehouseError) return error;
  return new GatehouseError('internal-error', error instanceof Error ? error.message : String(error), {
    cause: error,
  });
}
