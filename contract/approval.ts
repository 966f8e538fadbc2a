/*
 * Approval on site: what is asked, and what is answered.
 */

import { cutToBytes } from './failure.js';

/** A request that waits for somebody on site. CONTRACT: the field names are stable. */
export interface ApprovalView {
  /** That of the session: ten of 0-9 and a-f. */
  readonly id: string;
  readonly sessionId: string;
  readonly operationId: string;
  readonly deviceId: string;
  readonly conduit: string;
  readonly host: string;
  readonly port: number;
  /** ISO 8601, UTC; so is the next one. */
  readonly askedAt: string;
  readonly expiresAt: string;
}

export type Verdict = 'approve' | 'deny';

/** What somebody says to a request. */
export interface ApprovalAnswer {
  readonly verdict: Verdict;
  readonly way: ApprovalWay;
  /** Who says so, fit for a log; as far as the way can tell. */
  readonly by: string;
}

/** How an answer came in. */
export type ApprovalWay = 'dashboard' | 'command line' | 'admin API' | 'file' | 'MQTT';

/** What became of an answer. */
export type ApprovalOutcome =
  | { readonly kind: 'taken' }
  /** No such request waits, or has waited lately. */
  | { readonly kind: 'unknown' }
  /** It came too late; `sentence` says what had happened. */
  | { readonly kind: 'settled'; readonly sentence: string };

/** Ids as they are given out; nothing else from a file name or a topic is ever looked at. */
export const APPROVAL_ID = /^[0-9a-f]{10}$/;

/** Longest name of a person, in bytes of UTF-8: it goes into a failure reason, beside much else. */
const MAX_NAME_BYTES = 64;

/** A name that somebody gives, fit for a log, a file and a failure reason; undefined when there is none in it. */
export function personName(raw: unknown): string | undefined {
  if (typeof raw !== 'string') return undefined;
  const name = raw
    .slice(0, 4 * MAX_NAME_BYTES)
    .replace(/[\p{C}\p{Z}]+/gu, ' ')
    .trim();
  return name === '' ? undefined : cutToBytes(name, MAX_NAME_BYTES).trimEnd();
}
