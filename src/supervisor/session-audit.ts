import type { GatehouseError } from '../../contract/failure.js';
import type { SessionEnding, SessionTotals } from '../../contract/messages.js';
import type { AskedBy, RemoteAccessOperation } from '../cloud/intake.js';
import type { Conduit } from '../config/config.js';
import type { Answerer } from './approval-gate.js';
import type { SessionRecord } from './session-registry.js';
import type { OperationName } from './status-desk.js';

/** How a session ended; the totals are missing when its worker took them with it. */
export type SessionEnd = SessionEnding & Partial<Pick<SessionTotals, 'durationMs'>>;

/** What of a request is known when it is refused. */
export interface RefusedRequest extends OperationName {
  readonly hostname?: string;
  readonly port?: number;
  readonly askedBy?: AskedBy | undefined;
}

/** Where the supervisor states what it decides and what became of it, for those who have to prove it later. */
export interface SessionAudit {
  /** Resolves when it is on the disk; nothing is dialled before. @throws GatehouseError local-resources. */
  allowed(record: SessionRecord, operation: RemoteAccessOperation, conduit: Conduit): Promise<void>;
  refused(request: RefusedRequest, error: GatehouseError): void;
  /** Somebody on site approved; resolves when it is on the disk. @throws GatehouseError local-resources. */
  approved(record: SessionRecord, by: string, way: string): Promise<void>;
  /** Nobody approved; `answerer` is who said no. */
  notApproved(record: SessionRecord, error: GatehouseError, answerer: Answerer | undefined): void;
  /** Resolves when it is on the disk; SUCCESSFUL is reported after it. @throws GatehouseError local-resources. */
  opened(record: SessionRecord, setupMs: number): Promise<void>;
  /** The session of an allowed request is over, whether it ever was open or not. */
  ended(record: SessionRecord, end: SessionEnd): void;
}

/** For an agent that keeps no audit log and sends no events. */
export const NO_AUDIT: SessionAudit = {
  allowed: () => Promise.resolve(),
  refused: () => undefined,
  approved: () => Promise.resolve(),
  notApproved: () => undefined,
  opened: () => Promise.resolve(),
  ended: () => undefined,
};
