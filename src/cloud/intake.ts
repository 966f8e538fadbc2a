import type { Secret } from '../../contract/secret.js';
import type { OnViolation } from './violation.js';

/** One remote-access operation, strictly parsed. */
export interface RemoteAccessOperation {
  /** Matches CLOUD_ID. */
  readonly id: string;
  /** Managed-object id of the device it is for: the gateway or one of its children. Matches CLOUD_ID. */
  readonly deviceId: string;
  /** In normal form: lower-case name without trailing dot, or canonical IPv4/IPv6 without brackets. */
  readonly hostname: string;
  readonly port: number;
  /** Matches CONNECTION_KEY. */
  readonly connectionKey: Secret;
  /** When the cloud says it was created; undefined when missing or unreadable, and then it counts as new. */
  readonly createdAtMs: number | undefined;
  /** What the operation tells of who asked, for the audit log. Default nothing. */
  readonly askedBy?: AskedBy | undefined;
}

/** What an operation tells of who asked; texts of the cloud, cut to a length. */
export interface AskedBy {
  readonly description?: string;
  readonly deviceName?: string;
  readonly deviceExternalId?: string;
  readonly by?: string;
}

/** What became of one operation document from the cloud. */
export type ParsedOperation =
  | { readonly kind: 'connect'; readonly operation: RemoteAccessOperation }
  /** Ours, but a field is bad: it gets FAILED with this sentence, which names each bad field. */
  | {
      readonly kind: 'refused';
      readonly id: string;
      readonly deviceId: string;
      readonly sentence: string;
      readonly askedBy?: AskedBy | undefined;
    }
  /** Not ours, not PENDING, or without a usable id: never answered. `isUnusable`: nobody can be, though it may be ours. */
  | { readonly kind: 'ignored'; readonly why: string; readonly isUnusable?: true };

/** How operations arrive. Delivers each at least once; the supervisor starts each at most once. */
export interface Intake {
  /** Begins and keeps trying, with back-off, until stopped. */
  start(): void;
  /** Gives the link up; resolves when nothing more will be delivered. */
  stop(): Promise<void>;
}

/** What an intake tells. */
export interface IntakeEvents {
  onOperation(parsed: ParsedOperation): void;
  onLink(link: CloudLink): void;
  /** The cloud or the broker did what it must not do. */
  onViolation?: OnViolation;
  /** Somebody has ended an operation in the cloud, or deleted it, that is still being connected. */
  onCancelled?(operationId: string): void;
}

/** State of the control connection, for /readyz, /api/status and `gatehouse_cloud_connected`. */
export type CloudLink =
  | { readonly state: 'connected' }
  /** `reason` is one sentence for a person. */
  | { readonly state: 'disconnected'; readonly reason: string };

export type OperationStatus = 'EXECUTING' | 'SUCCESSFUL' | 'FAILED';

export interface StatusUpdate {
  readonly operationId: string;
  readonly deviceId: string;
  readonly status: OperationStatus;
  /** Present with FAILED: `<code>: <sentence>`, at most 500 bytes. */
  readonly failureReason?: string;
}

/** Takes statuses and sees to it that the cloud gets them: in order per operation, retried, each final one once. */
export interface StatusReporter {
  report(update: StatusUpdate): void;
  /** Operations whose status the cloud does not have yet. */
  readonly size: number;
  /** Resolves when all is delivered, or after `deadlineMs`. */
  flush(deadlineMs: number): Promise<void>;
}
