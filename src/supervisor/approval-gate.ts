import { GatehouseError } from '../../contract/failure.js';
import type { EndReason } from '../../contract/session-state.js';
import type { SessionRecord } from './session-registry.js';
import { about, endedBefore } from './sessions.js';

/** What somebody on site is asked. */
export interface ApprovalQuestion {
  readonly sessionId: string;
  readonly operationId: string;
  readonly deviceId: string;
  readonly conduit: string;
  readonly host: string;
  readonly port: number;
}

/** Who answered, and in which way. */
export interface Answerer {
  readonly by: string;
  readonly way: string;
}

/** Somebody on site said no. */
export class ApprovalDenied extends GatehouseError {
  constructor(
    readonly answerer: Answerer,
    sentence: string,
  ) {
    super('approval-denied', sentence);
  }
}

/** Those who ask people on site; in src/approval. */
export interface Approvals {
  /** Why nobody can be asked now, as a sentence; undefined when somebody can. */
  noRoom(): string | undefined;
  /** Resolves when somebody approved. @throws ApprovalDenied; GatehouseError approval-timeout; what `signal` aborts with. */
  ask(question: ApprovalQuestion, signal: AbortSignal): Promise<Answerer>;
}

export interface ApprovalGateParts {
  /** Undefined where nobody can be asked: then nothing that needs approval may pass. */
  readonly approvals?: Approvals | undefined;
  readonly log: { info(fields: object, message: string): void };
  /** Monotonic, in ms. */
  readonly now: () => number;
}

/** Where a session stands between EXECUTING and its first dial, if its conduit asks for approval on site. */
export class ApprovalGate {
  readonly #parts: ApprovalGateParts;
  #closed: readonly [reason: EndReason, detail: string] | undefined;

  constructor(parts: ApprovalGateParts) {
    this.#parts = parts;
  }

  /** @throws GatehouseError limit-reached when one more request could not be asked for. */
  checkRoom(): void {
    const { approvals } = this.#parts;
    const why = approvals === undefined ? 'Nobody can be asked for approval here.' : approvals.noRoom();
    if (why !== undefined) throw new GatehouseError('limit-reached', why);
  }

  /** From here on nobody is asked any more. */
  close(reason: EndReason, detail: string): void {
    this.#closed = [reason, detail];
  }

  /**
   * Resolves when somebody has approved; the record says who.
   * @throws ApprovalDenied; GatehouseError approval-denied, approval-timeout; or why the session was ended meanwhile.
   */
  async pass(record: SessionRecord): Promise<void> {
    const { approvals, log, now } = this.#parts;
    if (approvals === undefined) throw new GatehouseError('approval-denied', 'Nobody can be asked here.');
    // Whoever ended it between the decision and here must not be overheard.
    const earlier = record.endAtStart ?? this.#closed;
    if (earlier !== undefined) throw endedBefore(...earlier);
    const ended = new AbortController();
    const end = (reason: EndReason, detail: string): void => ended.abort(endedBefore(reason, detail));
    record.approval = { kind: 'waiting', end };
    const sinceMs = now();
    const { id: sessionId, operationId, deviceId, conduit, host, port } = record;
    log.info({ ...about(record), host, port }, 'session waits for approval on site');
    const question = { sessionId, operationId, deviceId, conduit, host, port };
    try {
      const { by, way } = await approvals.ask(question, ended.signal);
      const waitedMs = Math.round(now() - sinceMs);
      record.approval = { kind: 'approved', by, way, waitedMs };
      log.info({ ...about(record), by, way, waitedMs }, 'session approved on site');
    } catch (error) {
      record.approval = undefined;
      throw error;
    }
  }
}
