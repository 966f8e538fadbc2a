import type {
  ActivityView,
  AdminBackend,
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

/** A path that somebody at the gateway has to allow before it is opened. */
export interface ApprovalView {
  readonly id: string;
  readonly sessionId: string;
  readonly operationId: string;
  readonly deviceId: string;
  readonly conduit: string;
  readonly host: string;
  readonly port: number;
  /** ISO 8601, UTC, like `expiresAt`. */
  readonly askedAt: string;
  readonly expiresAt: string;
}

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
  readonly refusals?: readonly RefusalCount[];
  readonly approvals?: readonly ApprovalView[];
}

export type SessionBytes = readonly [id: string, uplinkBytes: number, downlinkBytes: number];

/** Where the messages come from. `approvals` is missing where nothing can be approved. */
export type EventSource = Pick<AdminBackend, 'status' | 'sessions' | 'operations' | 'activity'> & {
  approvals?(): readonly ApprovalView[] | Promise<readonly ApprovalView[]>;
};
