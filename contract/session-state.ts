import type { FailureCode } from './failure.js';

/**
 * The life of a session, the same on both sides of the thread boundary.
 *
 *     connecting --opened--> open --ending--> closing --gone--> closed
 *          \------------------ending-----------^
 *
 * `closing` still moves bytes: what was read before the end is delivered, each step under a deadline.
 */
export type SessionState = 'connecting' | 'open' | 'closing' | 'closed';

export type SessionEvent =
  /** Target and WebSocket are both up. */
  | 'opened'
  /** One side ended, a limit struck, somebody closed it, or a dial failed. */
  | 'ending'
  /** Both sockets are gone. */
  | 'gone';

/** The state after `event`. An event that has no meaning in a state leaves it as it is, so ending twice is harmless. */
export function next(state: SessionState, event: SessionEvent): SessionState {
  switch (event) {
    case 'opened':
      return state === 'connecting' ? 'open' : state;
    case 'ending':
      return state === 'connecting' || state === 'open' ? 'closing' : state;
    case 'gone':
      return 'closed';
  }
}

/** Why a session that had been open ended. The operation stays SUCCESSFUL; this is for log, metrics and audit. */
export const END_REASONS = [
  /** The target closed its side (FIN) and everything it had sent was forwarded. */
  'target-fin',
  /** The target reset the connection, or the kernel gave up on it. */
  'target-reset',
  /** TCP keep-alive found no target any more. */
  'target-timeout',
  /** The cloud sent a close frame. */
  'cloud-close',
  /** The cloud closed the TCP connection without a close frame. */
  'cloud-fin',
  'cloud-reset',
  /** The cloud broke RFC 6455. */
  'cloud-protocol',
  /** A message above `limits.maxMessage`. */
  'cloud-too-big',
  /** Nothing came from the cloud for two ping intervals. */
  'cloud-ping-timeout',
  'ping-flood',
  'idle',
  'max-duration',
  /** The window of its conduit has closed. */
  'window-end',
  /** Bytes waited for 60 s and the target took none of them. */
  'stall-target',
  /** Bytes waited for 60 s and the cloud took none of them. */
  'stall-cloud',
  /** The worker thread died under the session. */
  'worker-lost',
  /** The agent ran short of memory and ended what held most of it. */
  'overload',
  /** Closed by an operator over the admin listener. */
  'admin',
  /** The agent stops. */
  'shutdown',
  /** Its request was cancelled in the cloud in the moment in which it came up. */
  'cancelled',
  /** A reload removed the conduit that allowed the session. */
  'policy-revoked',
  /** The plant's hard switch was turned off, or can no longer be read. */
  'switched-off',
  /** An exception of ours inside the session's own code; its neighbours are untouched. */
  'internal-error',
] as const;

export type EndReason = (typeof END_REASONS)[number];

/** The code of a session that was ended from here, for `reason`, before it was open. */
export function codeBeforeOpen(reason: EndReason): FailureCode {
  switch (reason) {
    case 'switched-off':
      return 'switched-off';
    case 'policy-revoked':
      return 'policy-denied';
    case 'window-end':
      return 'outside-window';
    default:
      return 'cancelled';
  }
}
