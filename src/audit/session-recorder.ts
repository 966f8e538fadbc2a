import {
  cutToBytes,
  GatehouseError,
  type FailureCode,
  MAX_FAILURE_REASON_BYTES,
} from '../../contract/failure.js';
import type { AskedBy, RemoteAccessOperation } from '../cloud/intake.js';
import type { Conduit } from '../config/config.js';
import type { RefusedRequest, SessionAudit, SessionEnd } from '../supervisor/session-audit.js';
import type { SessionRecord } from '../supervisor/session-registry.js';
import type { AuditLog } from './audit-log.js';
import type { ApprovalFact, Asked, EndFact, StatedFact, Subject } from './fact.js';
import type { Head } from './head.js';

/** Takes the end of each session; `place` is that of its record, undefined when there is no log or it failed. */
export type OnEnd = (fact: EndFact, place: Head | undefined, askedBy: AskedBy | undefined) => void;

export interface SessionRecorderParts {
  /** Undefined: no audit log is kept. */
  readonly log: Pick<AuditLog, 'record'> | undefined;
  readonly generation: number;
  readonly onEnd: OnEnd;
  /** Wall clock, in ms since 1970. */
  readonly now: () => number;
}

/** Bytes of the name of somebody who approves. */
const MAX_NAME_BYTES = 200;

/** Bytes of the name of the configuration file. */
const MAX_PATH_BYTES = 1_024;

const OUTCOMES: Partial<Record<FailureCode, ApprovalFact['outcome']>> = {
  'approval-denied': 'denied',
  'approval-timeout': 'timeout',
};

/** States in the audit log what the supervisor decides, and what becomes of its sessions. */
export class SessionRecorder implements SessionAudit {
  readonly #parts: SessionRecorderParts;
  /** By session id, from the decision to the end. */
  readonly #askedBy = new Map<string, AskedBy>();

  constructor(parts: SessionRecorderParts) {
    this.#parts = parts;
  }

  async allowed(record: SessionRecord, operation: RemoteAccessOperation, conduit: Conduit): Promise<void> {
    const { name, source } = conduit;
    await this.#asked({
      type: 'decision',
      verdict: 'allowed',
      ...subjectOf(record),
      generation: this.#parts.generation,
      conduit: { name, file: cutToBytes(source.file, MAX_PATH_BYTES), line: source.line },
      addresses: record.addresses,
      ...askedOf(operation.askedBy, operation.createdAtMs),
    });
    if (operation.askedBy !== undefined) this.#askedBy.set(record.id, operation.askedBy);
  }

  refused(request: RefusedRequest, { code, message }: GatehouseError): void {
    const { operationId: operation, deviceId: device, hostname, port, askedBy } = request;
    void this.#later({
      type: 'decision',
      verdict: 'refused',
      operation,
      device,
      ...(hostname === undefined ? {} : { host: hostname }),
      ...(port === undefined ? {} : { port }),
      generation: this.#parts.generation,
      code,
      sentence: cutToBytes(message, MAX_FAILURE_REASON_BYTES),
      ...askedOf(askedBy, undefined),
    });
  }

  async approved(record: SessionRecord, by: string, way: string): Promise<void> {
    const { generation } = this.#parts;
    const who = cutToBytes(by, MAX_NAME_BYTES);
    await this.#asked({
      type: 'approval',
      ...subjectOf(record),
      generation,
      outcome: 'approved',
      by: who,
      way,
    });
  }

  notApproved(record: SessionRecord, { code, message }: GatehouseError): void {
    const { generation } = this.#parts;
    const outcome = OUTCOMES[code] ?? 'withdrawn';
    const sentence = cutToBytes(message, MAX_FAILURE_REASON_BYTES);
    void this.#later({ type: 'approval', ...subjectOf(record), generation, outcome, sentence });
  }

  async opened(record: SessionRecord, setupMs: number): Promise<void> {
    const { generation } = this.#parts;
    const { conduit } = record;
    await this.#asked({
      type: 'open',
      ...subjectOf(record),
      generation,
      conduit,
      setupMs: Math.round(setupMs),
    });
  }

  ended(record: SessionRecord, end: SessionEnd): void {
    const { generation, now } = this.#parts;
    const { openedAtMs, uplinkBytes, downlinkBytes, conduit } = record;
    const endedAtMs = now();
    const reason = end.outcome === 'ended' ? end.reason : end.code;
    const detail = end.outcome === 'ended' ? end.detail : end.sentence;
    const durationMs = openedAtMs === undefined ? 0 : Math.max(0, endedAtMs - openedAtMs);
    const fact: EndFact = {
      type: 'end',
      ...subjectOf(record),
      generation,
      conduit,
      outcome: end.outcome,
      reason,
      detail: cutToBytes(detail, MAX_FAILURE_REASON_BYTES),
      openedAt: openedAtMs === undefined ? null : new Date(openedAtMs).toISOString(),
      endedAt: new Date(endedAtMs).toISOString(),
      durationMs: Math.round(end.durationMs ?? durationMs),
      uplinkBytes,
      downlinkBytes,
    };
    const askedBy = this.#askedBy.get(record.id);
    this.#askedBy.delete(record.id);
    void this.end(fact, askedBy);
  }

  /** The end of a session, of this process or of one that is gone. */
  async end(fact: EndFact, askedBy?: AskedBy): Promise<void> {
    const place = await this.#later(fact);
    this.#parts.onEnd(fact, place, askedBy);
  }

  /** On the disk before anything goes on. @throws GatehouseError local-resources. */
  async #asked(fact: StatedFact): Promise<void> {
    try {
      await this.#parts.log?.record(fact, 'asked');
    } catch (error) {
      throw notRecorded(error);
    }
  }

  /** On the disk as soon as the disk can; its place, if that is at once. */
  async #later(fact: StatedFact): Promise<Head | undefined> {
    return this.#parts.log?.record(fact, 'fact').catch(() => undefined);
  }
}

function subjectOf({ operationId, deviceId, id, host, port }: SessionRecord): Subject {
  return { operation: operationId, device: deviceId, session: id, host, port };
}

function askedOf(askedBy: AskedBy | undefined, createdAtMs: number | undefined): { asked?: Asked } {
  const at = createdAtMs === undefined ? {} : { at: new Date(createdAtMs).toISOString() };
  const asked = { ...at, ...askedBy };
  return Object.keys(asked).length === 0 ? {} : { asked };
}

/** What cannot be proved later is not begun. */
function notRecorded(cause: unknown): GatehouseError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const sentence = `The gateway cannot write this session into its audit log (${why}); free or repair the disk of audit.file, then connect again.`;
  return new GatehouseError('local-resources', sentence, { cause });
}
