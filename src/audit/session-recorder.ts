import {
  cutToBytes,
  GatehouseError,
  type FailureCode,
  MAX_FAILURE_REASON_BYTES,
} from '../../contract/failure.js';
import type { AskedBy, RemoteAccessOperation } from '../cloud/intake.js';
import type { Conduit } from '../config/config.js';
import type { Answerer } from '../supervisor/approval-gate.js';
import type { RefusedRequest, SessionAudit, SessionEnd } from '../supervisor/session-audit.js';
import type { SessionRecord } from '../supervisor/session-registry.js';
import type { AuditLog } from './audit-log.js';
import type { Answer, ApprovalFact, Asked, ConduitPlace, EndFact, StatedFact, Subject } from './fact.js';
import type { Head } from './head.js';

/** Takes the end of each session; `place` is that of its record, undefined when there is no log or it failed. */
export type OnEnd = (fact: EndFact, place: Head | undefined) => void;

export interface SessionRecorderParts {
  /** Undefined: no audit log is kept. */
  readonly log: Pick<AuditLog, 'record'> | undefined;
  readonly generation: number;
  readonly onEnd: OnEnd;
  /** The cloud's clock, in ms since 1970. */
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
  readonly #asked = new Map<string, Asked>();
  /** Ends that are on their way to the disk. */
  readonly #ending = new Set<Promise<void>>();

  constructor(parts: SessionRecorderParts) {
    this.#parts = parts;
  }

  async allowed(record: SessionRecord, operation: RemoteAccessOperation, conduit: Conduit): Promise<void> {
    const asked = askedOf(operation.askedBy, operation.createdAtMs);
    await this.#first({
      type: 'decision',
      verdict: 'allowed',
      ...subjectOf(record),
      generation: this.#parts.generation,
      conduit: placeOf(conduit),
      addresses: record.addresses,
      ...asked,
    });
    if (asked.asked !== undefined) this.#asked.set(record.id, asked.asked);
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
    const answer = answerOf({ by, way });
    await this.#first({ type: 'approval', ...subjectOf(record), generation, outcome: 'approved', ...answer });
  }

  notApproved(record: SessionRecord, { code, message }: GatehouseError, answerer?: Answerer): void {
    const { generation } = this.#parts;
    const outcome = OUTCOMES[code] ?? 'withdrawn';
    const sentence = cutToBytes(message, MAX_FAILURE_REASON_BYTES);
    const answer = answerer === undefined ? {} : answerOf(answerer);
    void this.#later({ type: 'approval', ...subjectOf(record), generation, outcome, ...answer, sentence });
  }

  async opened(record: SessionRecord, setupMs: number): Promise<void> {
    const { generation } = this.#parts;
    const { conduit } = record;
    await this.#first({
      type: 'open',
      ...subjectOf(record),
      generation,
      conduit,
      setupMs: Math.round(setupMs),
    });
  }

  ended(record: SessionRecord, end: SessionEnd): void {
    const { generation, now } = this.#parts;
    const { openedAtMs, uplinkBytes, downlinkBytes, approval } = record;
    const asked = this.#asked.get(record.id);
    this.#asked.delete(record.id);
    const endedAtMs = now();
    const reason = end.outcome === 'ended' ? end.reason : end.code;
    const detail = end.outcome === 'ended' ? end.detail : end.sentence;
    const durationMs = openedAtMs === undefined ? 0 : Math.max(0, endedAtMs - openedAtMs);
    const fact: EndFact = {
      type: 'end',
      ...subjectOf(record),
      generation,
      conduit: placeOf({ name: record.conduit, source: record.source }),
      ...(approval?.kind === 'approved' ? { approved: answerOf(approval) } : {}),
      ...(asked === undefined ? {} : { asked }),
      outcome: end.outcome,
      reason,
      detail: cutToBytes(detail, MAX_FAILURE_REASON_BYTES),
      openedAt: openedAtMs === undefined ? null : new Date(openedAtMs).toISOString(),
      endedAt: new Date(endedAtMs).toISOString(),
      durationMs: Math.round(end.durationMs ?? durationMs),
      uplinkBytes,
      downlinkBytes,
    };
    this.end(fact);
  }

  /** The end of a session, of this process or of one that is gone. */
  end(fact: EndFact): void {
    const ending = this.#later(fact).then((place) => {
      this.#parts.onEnd(fact, place);
      this.#ending.delete(ending);
    });
    this.#ending.add(ending);
  }

  /** Resolves when every end so far is on the disk, or the disk has failed, and onEnd knows. */
  async settled(): Promise<void> {
    await Promise.all(this.#ending);
  }

  /** On the disk before anything goes on. @throws GatehouseError local-resources. */
  async #first(fact: StatedFact): Promise<void> {
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

function placeOf({ name, source: { file, line } }: Pick<Conduit, 'name' | 'source'>): ConduitPlace {
  return { name, file: cutToBytes(file, MAX_PATH_BYTES), line };
}

function answerOf({ by, way }: Answerer): Answer {
  return { by: cutToBytes(by, MAX_NAME_BYTES), way };
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
