import { GatehouseError } from '../../contract/failure.js';
import { MAX_CONNECTING_SESSIONS, MAX_OUTBOX_OPERATIONS } from '../../contract/limits.js';
import type { WorkerReport } from '../../contract/messages.js';
import type { EndReason } from '../../contract/session-state.js';
import type { ParsedOperation, RemoteAccessOperation } from '../cloud/intake.js';
import { Admission, type Admitted, type Policy, type Prepared } from './admission.js';
import { ApprovalDenied, ApprovalGate } from './approval-gate.js';
import { comply, type Breach } from './compliance.js';
import type { PastOperation } from './operation-journal.js';
import { hashOfKey, OperationMemory } from './operation-memory.js';
import { anotherConduit, asFailure, notJournalled, outboxFull, tooManyConnecting } from './refusals.js';
import type { Guest, SessionRecord, SessionRegistry } from './session-registry.js';
import { NO_AUDIT, type RefusedRequest, type SessionAudit } from './session-audit.js';
import { Sessions, type Way } from './sessions.js';
import { StatusDesk } from './status-desk.js';
import type { SupervisorParts, Taken } from './supervisor-parts.js';
import { Terms } from './terms.js';

/** Operations that the next generation is told of; an id and a key's hash are about 60 bytes. */
const MAX_HANDED_OVER = 20_000;

/**
 * An operation's life, on the main thread: checked, decided, written down, run in a worker, reported.
 *
 *     intake -> age, duplicate, device -> resolve -> policy -> journal, audit -> EXECUTING -> worker -> SUCCESSFUL ... end
 *                                                     \-> FAILED <----------------------/
 */
export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #memory: OperationMemory;
  readonly #admission: Admission;
  readonly #gate: ApprovalGate;
  readonly #desk: StatusDesk;
  readonly #audit: SessionAudit;
  readonly #sessions: Sessions;
  readonly #terms: Terms;
  /** Operations that are looked at, and that nobody has been told of yet. */
  readonly #preparing = new Set<string>();
  /** Counts the times that control was given up: what was looked at before belongs to another generation. */
  #term = 0;
  #accepting = true;
  #onEmpty: (() => void) | undefined;

  constructor(parts: SupervisorParts) {
    const { log, pool, status, metrics, redact, now, notes, audit = NO_AUDIT } = parts;
    this.#parts = parts;
    this.#audit = audit;
    this.#admission = new Admission(parts.admission);
    this.#gate = new ApprovalGate(parts);
    this.#memory = new OperationMemory(now);
    this.#desk = new StatusDesk({ log, status, metrics, notes, memory: this.#memory });
    const onGone = (sessionId: string): void => {
      parts.onGone?.(sessionId);
      this.#tellIfEmpty();
    };
    const { renewed } = parts.admission;
    this.#sessions = new Sessions({
      log,
      pool,
      metrics,
      redact,
      now,
      realNow: parts.admission.cloudNow,
      audit,
      notes,
      onGone,
      renewed,
      desk: this.#desk,
    });
    this.#terms = new Terms({
      log,
      registry: this.registry,
      end: this.#sessions.end.bind(this.#sessions),
    });
  }

  get registry(): SessionRegistry {
    return this.#sessions.registry;
  }

  /** True when this agent has taken the operation on: it is not a leftover that nobody works on. */
  isOurs(operationId: string): boolean {
    return this.#memory.has(operationId);
  }

  /** Takes over what earlier runs and other generations have begun, so that it is not begun again. */
  remember(operations: Iterable<PastOperation>): void {
    for (const operation of operations) this.#memory.add(operation);
  }

  onOperation(parsed: ParsedOperation): void {
    const { log } = this.#parts;
    if (parsed.kind === 'ignored') return log.debug({ why: parsed.why }, 'operation ignored');
    if (!this.#accepting) return log.info({}, 'operation left to the next run');
    if (this.#parts.lease?.isCertain() === false) return this.#whenHeld(() => this.onOperation(parsed));
    if (parsed.kind === 'refused') {
      const name = { operationId: parsed.id, deviceId: parsed.deviceId, askedBy: parsed.askedBy };
      if (!this.#isNew(name, undefined)) return;
      return this.#refuse(name, new GatehouseError('invalid-operation', parsed.sentence));
    }
    const { operation } = parsed;
    const { id: operationId, deviceId, hostname, port, askedBy } = operation;
    const name = { operationId, deviceId, hostname, host: hostname, port, askedBy };
    const keyHash = hashOfKey(operation.connectionKey);
    if (!this.#isNew(name, keyHash)) return;
    void this.#start(operation, keyHash).catch((error: unknown) => this.#refuse(name, asFailure(error)));
  }

  /** Ends one session; resolves once both of its sockets are gone. */
  close(sessionId: string, reason: EndReason, detail: string): Promise<'closed' | 'unknown'> {
    return this.#sessions.close(sessionId, reason, detail);
  }

  /** The operation was ended or deleted in the cloud: if it is still being connected, nobody waits for it any more. */
  cancel(operationId: string): void {
    for (const record of this.registry.allConnecting()) {
      if (record.operationId !== operationId) continue;
      this.#sessions.end(record, 'cancelled', 'the request was cancelled in the cloud');
    }
  }

  /** Operations that have been connecting for longer than `ms`, oldest first. */
  connectingFor(ms: number): string[] {
    const untilMs = this.#parts.now() - ms;
    const slow: string[] = [];
    for (const { startedAtMs, operationId } of this.registry.allConnecting()) {
      if (startedAtMs < untilMs) slow.push(operationId);
    }
    return slow;
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
    const guests = [...this.registry.all()].map(asGuest);
    const remembered = this.#memory.newest(MAX_HANDED_OVER).filter(([id]) => !this.#preparing.has(id));
    return { remembered, guests };
  }

  /** Takes on operations (again), but not those of other generations. */
  takeOver(taken: Taken): void {
    this.adopt(taken);
    this.#accepting = true;
    this.#onEmpty = undefined;
  }

  /** Leaves these operations to other generations, and counts their sessions. */
  adopt({ remembered, guests }: Taken): void {
    for (const [operationId, keyHash] of remembered)
      this.#memory.add({ operationId, keyHash: keyHash ?? undefined, final: undefined });
    for (const guest of guests) this.registry.welcome({ ...guest });
    this.#regradeGuests();
  }

  /** Ends all sessions cleanly; resolves when they are gone. Takes on no more operations. */
  shutdown(): Promise<void> {
    return new Promise((resolve) => {
      this.drain(resolve);
      this.endAll('shutdown', 'the gateway stops');
    });
  }

  /** Ends all sessions for one reason. */
  endAll(reason: EndReason, detail: string): void {
    for (const record of this.registry.all()) this.#sessions.end(record, reason, detail);
  }

  /** Ends those that wait for approval, for good: nobody is asked from here on. */
  stopAsking(reason: EndReason, detail: string): void {
    this.#gate.close(reason, detail);
    for (const record of this.registry.all()) {
      if (record.approval?.kind === 'waiting') this.#sessions.end(record, reason, detail);
    }
  }

  /** Takes over a reloaded policy: sessions that it no longer allows end, and are given back; all others stay. */
  reload(policy: Policy): readonly Breach[] {
    this.#admission.replace(policy);
    this.#regradeGuests();
    const breaches = comply(
      this.registry,
      (record) => this.#admission.standing(record),
      (record, { bandwidthBytesPerSecond = 0 }) =>
        this.#sessions.limitBandwidth(record, bandwidthBytesPerSecond),
    );
    for (const { record, why, reason } of breaches) {
      const { id: sessionId, operationId, conduit } = record;
      this.#parts.log.info({ sessionId, operationId, conduit, why }, 'session no longer allowed');
      this.#sessions.end(record, reason, 'the configuration no longer allows it');
    }
    return breaches;
  }

  /**
   * Ends sessions whose time is over and warns of those that end soon; to be called about twice a second.
   * @param elapsedMs by a clock that only goes up, also while the machine sleeps.
   */
  lookAtClock(elapsedMs: number): void {
    this.#terms.look({ realMs: this.#parts.admission.cloudNow(), elapsedMs });
  }

  /** What a worker tells of its sessions. */
  onReport(worker: number, report: WorkerReport): void {
    this.#sessions.onReport(worker, report);
  }

  #isNew(name: RefusedRequest, keyHash: string | undefined): boolean {
    const recollection = this.#memory.recall(name.operationId, keyHash);
    if (recollection.kind !== 'seen') this.#parts.metrics.received();
    switch (recollection.kind) {
      case 'new':
        return true;
      case 'seen':
        if (recollection.resend !== undefined) this.#parts.status.report(recollection.resend);
        return false;
      case 'key-used': {
        const sentence = `The connection key was already used by operation ${recollection.by}; connect again.`;
        this.#refuse(name, new GatehouseError('invalid-operation', sentence));
        return false;
      }
    }
  }

  #refuse(request: RefusedRequest, error: GatehouseError): void {
    this.#audit.refused(request, error);
    this.#desk.refuse(request, error);
  }

  async #start(operation: RemoteAccessOperation, keyHash: string): Promise<void> {
    this.#preparing.add(operation.id);
    const prepared = await this.#prepare(operation).finally(() => this.#preparing.delete(operation.id));
    if (prepared === undefined) return;
    // From the decision to the registry nothing awaits, so two operations cannot share the last free place.
    const admitted = this.#admission.admit(prepared, this.registry.counts);
    if (!this.#accepting)
      throw new GatehouseError('cancelled', 'The gateway is shutting down; connect again later.');
    if (this.#parts.status.size >= MAX_OUTBOX_OPERATIONS) throw outboxFull();
    if (this.registry.connecting >= MAX_CONNECTING_SESSIONS) throw tooManyConnecting();
    const { approval } = admitted.conduit;
    if (approval) this.#gate.checkRoom();
    const record = this.#sessions.add(operation, admitted);
    try {
      const { id: operationId, deviceId } = operation;
      await this.#parts.journal.claim({ operationId, deviceId, keyHash });
      await this.#audit.allowed(record, operation, admitted.conduit);
    } catch (error) {
      this.#sessions.forget(record);
      throw error instanceof GatehouseError ? error : notJournalled(error);
    }
    const way = (): Way | Promise<Way> =>
      approval ? this.#approvedWay(record, operation) : wayOf(prepared, admitted);
    await this.#sessions.run(record, operation.connectionKey, way);
  }

  /** Waits for approval; what was true before the wait may not be any more, so all of it is looked at again. */
  async #approvedWay(record: SessionRecord, operation: RemoteAccessOperation): Promise<Way> {
    await this.#approved(record);
    const prepared = await this.#admission.resolve(operation);
    const admitted = this.#admission.admit(prepared, this.registry.countsWithout(record));
    if (admitted.conduit.name !== record.conduit) throw anotherConduit(record.conduit, admitted.conduit.name);
    this.registry.readdress(record, admitted.addresses);
    record.term.replace(admitted.term);
    return wayOf(prepared, admitted);
  }

  async #approved(record: SessionRecord): Promise<void> {
    this.#parts.notes?.waiting(record);
    await this.#gate.pass(record).catch((error: unknown) => {
      const failure = asFailure(error);
      this.#audit.notApproved(record, failure, error instanceof ApprovalDenied ? error.answerer : undefined);
      throw failure;
    });
    if (record.approval?.kind === 'approved')
      await this.#audit.approved(record, record.approval.by, record.approval.way);
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

  /** What another generation has told of its sessions was true under the configuration that it had then. */
  #regradeGuests(): void {
    this.registry.regrade((conduit) => this.#admission.isExclusive(conduit));
  }

  #whenHeld(then: () => void): void {
    void this.#parts.lease?.isHeld().then((isHeld) => {
      if (isHeld) then();
    });
  }

  #tellIfEmpty(): void {
    if (this.#accepting || this.registry.sessions > 0) return;
    this.#onEmpty?.();
    this.#onEmpty = undefined;
  }
}

function asGuest({ id, conduit, addresses, port, operationId, sinceMs, isExclusive }: SessionRecord): Guest {
  return { id, conduit, addresses, port, operationId, sinceMs, isExclusive };
}

function wayOf({ tunnel }: Prepared, { limits }: Admitted): Way {
  return { tunnel, limits };
}
