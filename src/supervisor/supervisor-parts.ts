import type { FailureCode } from '../../contract/failure.js';
import type { OperationStatus, StatusReporter } from '../cloud/intake.js';
import type { AdmissionParts } from './admission.js';
import type { Approvals } from './approval-gate.js';
import type { OperationJournal } from './operation-journal.js';
import type { RememberedOperation } from './operation-memory.js';
import type { SessionPool } from './pool.js';
import type { SessionAudit } from './session-audit.js';
import type { Guest } from './session-registry.js';
import type { SessionNotes, SessionsLog, SessionsMetrics } from './sessions.js';

export interface SupervisorParts {
  readonly log: SupervisorLog;
  readonly pool: Pick<SessionPool, 'run' | 'send'>;
  readonly status: StatusReporter;
  readonly journal: OperationJournal;
  readonly metrics: SupervisorMetrics;
  readonly admission: AdmissionParts;
  /** Who is asked where a conduit wants approval on site; without it such conduits let nothing pass. */
  readonly approvals?: Approvals | undefined;
  /** Registers a connection key as a secret for as long as its session lives. */
  readonly redact: { add(key: string): void; remove(key: string): void };
  /** Monotonic, in ms. */
  readonly now: () => number;
  /** Whether this process may take operations on; without it, it always may. */
  readonly lease?: ClaimLease | undefined;
  /** Where decisions and sessions are written down. Default nowhere. */
  readonly audit?: SessionAudit | undefined;
  /** A session is gone, and its place is free. */
  readonly onGone?: ((sessionId: string) => void) | undefined;
  /** Keeps the list of recent operations. */
  readonly notes?: SessionNotes | undefined;
}

/** Right to take on operations, where another process could have it instead. */
export interface ClaimLease {
  /** True when it is held for certain. */
  isCertain(): boolean;
  /** Waits until it is known whether it is held. */
  isHeld(): Promise<boolean>;
}

/** What other generations have: operations that they took on, and sessions. */
export interface Taken {
  readonly remembered: readonly RememberedOperation[];
  readonly guests: readonly Guest[];
}

export interface SupervisorLog extends SessionsLog {
  debug(fields: object, message: string): void;
}

export interface SupervisorMetrics extends SessionsMetrics {
  operation(status: OperationStatus): void;
  sessionFailed(code: FailureCode): void;
  /** One more operation came in that is this agent's to answer. */
  received(): void;
}
