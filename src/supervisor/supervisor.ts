import { randomBytes } from 'node:crypto';
import { failureReason, GatehouseError, type FailureCode } from '../../contract/failure.js';
import type {
  SessionCounters,
  SessionLimits,
  SessionSummary,
  Tunnel,
  WorkerReport,
} from '../../contract/messages.js';
import { MAX_OUTBOX_OPERATIONS } from '../../contract/limits.js';
import type { Secret } from '../../contract/secret.js';
import type { EndReason } from '../../contract/session-state.js';
import type {
  OperationStatus,
  ParsedOperation,
  RemoteAccessOperation,
  StatusReporter,
} from '../cloud/intake.js';
import type { Conduit } from '../config/config.js';
import { hostAndPort } from '../policy/decide.js';
import { Admission, type AdmissionParts, type Policy } from './admission.js';
import { OperationMemory, type RememberedOperation } from './operation-memory.js';
import type { SessionPool } from './pool.js';
import { SessionRegistry, type Guest, type SessionRecord } from './session-registry.js';

export interface SupervisorParts {
  readonly log: SupervisorLog;
  readonly pool: Pick<SessionPool, 'run' | 'send'>;
  readonly status: StatusReporter;
  readonly metrics: SupervisorMetrics;
  readonly admission: AdmissionParts;
  /** Registers a connection key as a secret for as long as its session lives. */
  readonly redact: { add(key: string): void; remove(key: string): void };
  /** Monotonic, in ms. */
  readonly now: () => number;
  /** Whether this process may take operations on; without it, it always may. */
  readonly lease?: ClaimLease | undefined;
  /** A session is gone, and its place is free. */
  readonly onGone?: ((sessionId: string) => void) | undefined;
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

/** Operations that the next generation is told of; an id and a key's hash are about 60 bytes. */
const MAX_HANDED_OVER = 20_000;

export interface SupervisorLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface SupervisorMetrics {
  operation(status: OperationStatus): void;
  sessionOpened(setupMs: number): void;
  sessionEnded(reason: EndReason, durationMs: number): void;
  sessionFailed(code: FailureCode): void;
  /** `worker` is the thread that moved them. */
  bytes(direction: 'uplink' | 'downlink', count: number, worker: number): void;
  /** One more operation came in that is this agent's to answer. */
  received(): void;
}

/**
 * An operation's life, on the main thread: checked, decided, run in a worker, reported.
 *
 *     intake -> age, duplicate, device -> resolve -> policy -> EXECUTING -> worker -> SUCCESSFUL ... end
 *                                                     \-> FAILED <-------------/
 */
export class Supervisor {
  readonly registry = new SessionRegistry();
  readonly #parts: SupervisorParts;
  readonly #memory: OperationMemory;
  readonly #admission: Admission;
  /** Operations that are looked at, and that nobody has been told of yet. */
  readonly #preparing = new Set<string>();
  readonly #waiters = new Map<string, (() => void)[]>();
  #accepting = true;
  /** Counts the times that control was given up: what was looked at before belongs to another generation. */
  #term = 0;
  #onEmpty: (() => void) | undefined;

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
    this.#admission = new Admission(parts.admission);
    this.#memory = new OperationMemory(parts.now);
  }

  /** True when this process has taken the operation on: it is not a leftover of an earlier one. */
  isOurs(operationId: string): boolean {
    return this.#memory.has(operationId);
  }

  onOperation(parsed: ParsedOperation): void {
    const { log } = this.#parts;
    if (parsed.kind === 'ignored') return log.debug({ why: parsed.why }, 'operation ignored');
    if (!this.#accepting) return log.info({}, 'operation left to the next run');
    if (this.#parts.lease?.isCertain() === false) return this.#whenHeld(() => this.onOperation(parsed));
    if (parsed.kind === 'refused') {
      if (!this.#isNew(parsed.id, parsed.deviceId, undefined)) return;
      return this.#refuse(parsed, new GatehouseError('invalid-operation', parsed.sentence));
    }
    const { operation } = parsed;
    if (!this.#isNew(operation.id, operation.deviceId, operation.connectionKey.reveal())) return;
    void this.#start(operation).catch((error: unknown) => this.#refuse(operation, asFailure(error)));
  }

  /** Ends one session; resolves once both of its sockets are gone. */
  async close(sessionId: string, reason: EndReason, detail: string): Promise<'closed' | 'unknown'> {
    const record = this.registry.get(sessionId);
    if (record === undefined) return 'unknown';
    const gone = new Promise<void>((resolve) => {
      this.#waiters.set(sessionId, [...(this.#waiters.get(sessionId) ?? []), resolve]);
    });
    this.#end(record, reason, detail);
    await gone;
    return 'closed';
  }

  /** Takes on no more operations; calls back when the last session has ended. */
  drain(onEmpty: () => void): void {
    this.#accepting = false;
    this.#onEmpty = onEmpty;
    this.#tellIfEmpty();
  }

  /** Takes on nothing more, and gives what the next generation has to know. Sessions stay. */
  release(): Taken {
    this.#accepting = false;
    this.#term += 1;
    const guests = [...this.registry.all()].map(({ id, conduit, addresses, port }) => ({
      id,
      conduit,
      addresses,
      port,
    }));
    const remembered = this.#memory.newest(MAX_HANDED_OVER).filter(([id]) => !this.#preparing.has(id));
    return { remembered, guests };
  }

  /** Takes on operations (again): those of `remembered` are another generation's. */
  takeOver(taken: Taken): void {
    this.adopt(taken);
    this.#accepting = true;
    this.#onEmpty = undefined;
  }

  /** Leaves these operations to other generations, and counts their sessions. */
  adopt({ remembered, guests }: Taken): void {
    this.#memory.adopt(remembered);
    for (const guest of guests) this.registry.welcome(guest);
  }

  /** Ends all sessions cleanly; resolves when they are gone. Takes on no more operations. */
  shutdown(): Promise<void> {
    return new Promise((resolve) => {
      this.drain(resolve);
      for (const record of this.registry.all()) this.#end(record, 'shutdown', 'the gateway stops');
    });
  }

  /** Takes over a reloaded policy: sessions whose conduit no longer allows them end, all others stay. */
  reload(policy: Policy): void {
    this.#admission.replace(policy);
    for (const record of this.registry.all()) {
      const why = this.#admission.revoked(record);
      if (why === undefined) continue;
      this.#parts.log.info({ sessionId: record.id, why }, 'session no longer allowed');
      this.#end(record, 'policy-revoked', 'the configuration no longer allows it');
    }
  }

  /** What a worker tells of its sessions. */
  onReport(worker: number, report: WorkerReport): void {
    for (const id of report.started) {
      const record = this.registry.get(id);
      if (record === undefined) continue;
      record.worker = worker;
      if (record.endAtStart !== undefined) this.#end(record, ...record.endAtStart);
    }
    for (const { sessionId, setupMs } of report.opened) this.#onOpened(sessionId, setupMs);
    for (const { sessionId, ending } of report.closing) {
      const record = this.registry.apply(sessionId, 'ending');
      if (record !== undefined && ending.outcome === 'failed') this.#onFailed(record, ending);
    }
    for (const counters of report.counters) this.#countBytes(worker, counters);
  }

  /** Tells the session's worker to end it; commands and tasks travel by different ports, so not before it has begun. */
  #end(record: SessionRecord, reason: EndReason, detail: string): void {
    if (record.worker === 0) record.endAtStart = [reason, detail];
    else this.#parts.pool.send(record.worker, { kind: 'close', sessionId: record.id, reason, detail });
  }

  #isNew(operationId: string, deviceId: string, connectionKey: string | undefined): boolean {
    const recollection = this.#memory.recall(operationId, connectionKey);
    if (recollection.kind !== 'seen') this.#parts.metrics.received();
    switch (recollection.kind) {
      case 'new':
        return true;
      case 'seen':
        if (recollection.resend !== undefined) this.#parts.status.report(recollection.resend);
        return false;
      case 'key-used': {
        const sentence = `The connection key was already used by operation ${recollection.by}; connect again.`;
        this.#refuse({ id: operationId, deviceId }, new GatehouseError('invalid-operation', sentence));
        return false;
      }
    }
  }

  async #start(operation: RemoteAccessOperation): Promise<void> {
    this.#preparing.add(operation.id);
    const prepared = await this.#prepare(operation).finally(() => this.#preparing.delete(operation.id));
    if (prepared === undefined) return;
    // From the decision to the registry nothing awaits, so two operations cannot share the last free place.
    const { conduit, addresses, limits } = this.#admission.admit(prepared, this.registry.counts);
    if (!this.#accepting)
      throw new GatehouseError('cancelled', 'The gateway is shutting down; connect again later.');
    if (this.#parts.status.size >= MAX_OUTBOX_OPERATIONS) throw outboxFull();
    const record = this.#record(operation, conduit, addresses);
    this.registry.add(record);
    await this.#run(record, operation.connectionKey, prepared.tunnel, limits);
  }

  /** Undefined when another generation has to take it on. */
  async #prepare(operation: RemoteAccessOperation) {
    const term = this.#term;
    const prepared = await this.#admission.prepare(operation).catch((error: unknown) => asFailure(error));
    const { lease } = this.#parts;
    const isHeld = lease?.isCertain() !== false || (await lease.isHeld());
    if (!isHeld || term !== this.#term) {
      this.#memory.forget(operation.id);
      this.#parts.log.info({ operationId: operation.id }, 'operation left to the next generation');
      return undefined;
    }
    if (prepared instanceof GatehouseError) throw prepared;
    return prepared;
  }

  #whenHeld(then: () => void): void {
    void this.#parts.lease?.isHeld().then((isHeld) => {
      if (isHeld) then();
    });
  }

  async #run(record: SessionRecord, key: Secret, tunnel: Tunnel, limits: SessionLimits): Promise<void> {
    const { pool, redact } = this.#parts;
    const { id: sessionId, host, port, addresses } = record;
    redact.add(key.reveal());
    this.#report(record, 'EXECUTING');
    this.#parts.log.info({ ...about(record), target: hostAndPort(host, port) }, 'session connecting');
    const target = { host, port, addresses };
    const summary = await pool.run({ sessionId, target, tunnel, limits }).catch(() => undefined);
    try {
      if (summary === undefined) this.#onWorkerLost(record);
      else this.#onEnded(record, summary);
    } finally {
      redact.remove(key.reveal());
      this.#forget(record);
    }
  }

  /** The session is gone, whatever went wrong in telling so: its place is free and nobody waits for it. */
  #forget(record: SessionRecord): void {
    this.registry.remove(record);
    for (const resolve of this.#waiters.get(record.id) ?? []) resolve();
    this.#waiters.delete(record.id);
    this.#parts.onGone?.(record.id);
    this.#tellIfEmpty();
  }

  #onOpened(sessionId: string, setupMs: number): void {
    const record = this.registry.apply(sessionId, 'opened');
    if (record?.openedAtMs !== undefined || record === undefined) return;
    record.openedAtMs = Date.now();
    this.#report(record, 'SUCCESSFUL');
    this.#parts.metrics.sessionOpened(setupMs);
    this.#parts.log.info({ ...about(record), setupMs: Math.round(setupMs) }, 'session open');
  }

  #onEnded(record: SessionRecord, summary: SessionSummary): void {
    const { metrics, log } = this.#parts;
    this.#countBytes(record.worker, summary);
    const { uplinkBytes, downlinkBytes } = summary;
    if (summary.outcome === 'failed') return this.#onFailed(record, summary);
    // The task's result travels by another port than the reports and may overtake them.
    this.#onOpened(record.id, summary.setupMs);
    const { reason, detail, durationMs } = summary;
    metrics.sessionEnded(reason, durationMs);
    const fields = { reason, detail, uplinkBytes, downlinkBytes, durationMs: Math.round(durationMs) };
    log.info({ ...about(record), ...fields }, 'session ended');
  }

  /** A session that never opened. The cloud is told before the last socket is gone; both tell, the first counts. */
  #onFailed(record: SessionRecord, { code, sentence }: { code: FailureCode; sentence: string }): void {
    if (record.hasFailed) return;
    record.hasFailed = true;
    this.#report(record, 'FAILED', failureReason(code, sentence));
    this.#parts.metrics.sessionFailed(code);
    this.#parts.log.warn({ ...about(record), code, sentence }, 'session failed');
  }

  /** The thread died. An open session keeps its SUCCESSFUL; one that still connected failed. */
  #onWorkerLost(record: SessionRecord): void {
    const { metrics, log } = this.#parts;
    if (record.openedAtMs !== undefined) {
      metrics.sessionEnded('worker-lost', Date.now() - record.openedAtMs);
      return log.error(about(record), 'session lost with its worker');
    }
    const sentence = 'The worker thread of this session ended unexpectedly; connect again.';
    this.#onFailed(record, { code: 'worker-crashed', sentence });
  }

  /** FAILED without a session. */
  #refuse(operation: { readonly id: string; readonly deviceId: string }, error: GatehouseError): void {
    const { id: operationId, deviceId } = operation;
    this.#parts.metrics.sessionFailed(error.code);
    const fields = { operationId, deviceId, code: error.code, sentence: error.message };
    this.#parts.log.warn(fields, 'operation refused');
    this.#report({ operationId, deviceId }, 'FAILED', failureReason(error.code, error.message));
  }

  #report(
    operation: { operationId: string; deviceId: string },
    status: OperationStatus,
    reason?: string,
  ): void {
    const { operationId, deviceId } = operation;
    const update = {
      operationId,
      deviceId,
      status,
      ...(reason === undefined ? {} : { failureReason: reason }),
    };
    if (status !== 'EXECUTING') this.#memory.settle(update);
    this.#parts.metrics.operation(status);
    this.#parts.status.report(update);
  }

  #record(operation: RemoteAccessOperation, conduit: Conduit, addresses: readonly string[]): SessionRecord {
    return {
      // Ten characters: unlikely to repeat within a log file, and short enough to be typed.
      id: randomBytes(5).toString('hex'),
      operationId: operation.id,
      deviceId: operation.deviceId,
      conduit: conduit.name,
      host: operation.hostname,
      port: operation.port,
      addresses,
      startedAtMs: this.#parts.now(),
      state: 'connecting',
      worker: 0,
      openedAtMs: undefined,
      hasFailed: false,
      endAtStart: undefined,
      uplinkBytes: 0,
      downlinkBytes: 0,
    };
  }

  #countBytes(worker: number, counters: SessionCounters): void {
    const { uplink, downlink } = this.registry.count(counters);
    if (uplink > 0) this.#parts.metrics.bytes('uplink', uplink, worker);
    if (downlink > 0) this.#parts.metrics.bytes('downlink', downlink, worker);
  }

  #tellIfEmpty(): void {
    if (this.#accepting || this.registry.sessions > 0) return;
    this.#onEmpty?.();
    this.#onEmpty = undefined;
  }
}

/** The fields that every log line of a session begins with. */
function about({ id, operationId, deviceId, conduit }: SessionRecord): object {
  return { sessionId: id, operationId, deviceId, conduit };
}

function outboxFull(): GatehouseError {
  const sentence = `${MAX_OUTBOX_OPERATIONS} statuses wait for the cloud to take them; try again later.`;
  return new GatehouseError('limit-reached', sentence);
}

function asFailure(error: unknown): GatehouseError {
  if (error instanceof GatehouseError) return error;
  return new GatehouseError('internal-error', error instanceof Error ? error.message : String(error), {
    cause: error,
  });
}
