import type {
  ActivityView,
  AdminBackend,
  ApprovalView,
  LinkChange,
  OperationView,
  RefusalCount,
  SessionView,
  StatusView,
} from '../backend.js';

/*
 * What the dashboard is told, as JSON in server-sent events: one `snapshot`, then `changes` once a second. Only types,
 * because the page is built from them too.
 */

/** Everything there is to show. */
export interface Snapshot extends ActivityView {
  /** Unix time of the agent, in ms. */
  readonly atMs: number;
  readonly status: StatusView;
  readonly sessions: readonly SessionView[];
  /** Newest first. */
  readonly operations: readonly OperationView[];
  readonly approvals: readonly ApprovalView[];
}

/** What is new since the message before; what is left out is as it was. */
export interface Changes {
  readonly atMs: number;
  readonly status: StatusView;
  /** Sessions that are new, or of which more than the bytes changed. */
  readonly sessions?: readonly SessionView[];
  /** Of the others: id, uplink bytes, downlink bytes. */
  readonly bytes?: readonly SessionBytes[];
  /** Ids of sessions that are gone. */
  readonly gone?: readonly string[];
  /** New or changed, oldest first. */
  readonly operations?: readonly OperationView[];
  /** New ones. */
  readonly samples?: ActivityView['samples'];
  /** All of them, when one is new. */
  readonly links?: readonly LinkChange[];
  readonly reloads?: ActivityView['reloads'];
  readonly refusals?: readonly RefusalCount[];
  readonly approvals?: readonly ApprovalView[];
}

export type SessionBytes = readonly [id: string, uplinkBytes: number, downlinkBytes: number];

/** Where the messages come from. */
export type EventSource = Pick<AdminBackend, 'status' | 'sessions' | 'operations' | 'activity' | 'approvals'>;
