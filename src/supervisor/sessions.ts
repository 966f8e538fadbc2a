import { randomBytes } from 'node:crypto';
import { failureReason, GatehouseError, type FailureCode } from '../../contract/failure.js';
import type {
  SessionCounters,
  SessionLimits,
  SessionSummary,
  Tunnel,
  WorkerReport,
} from '../../contract/messages.js';
import type { Secret } from '../../contract/secret.js';
import { codeBeforeOpen, type EndReason } from '../../contract/session-state.js';
import type { RemoteAccessOperation } from '../cloud/intake.js';
import { hostAndPort } from '../policy/host-and-port.js';
import type { Admitted } from './admission.js';
import { asFailure } from './refusals.js';
import type { SessionPool } from './pool.js';
import type { SessionAudit, SessionEnd } from './session-audit.js';
import { SessionRegistry, type SessionRecord } from './session-registry.js';
import type { OperationNotes, StatusDesk } from './status-desk.js';
import { Term } from './term.js';
import { TunnelRenewals } from './tunnel-renewals.js';

export interface SessionsParts {
  readonly log: SessionsLog;
  readonly pool: Pick<SessionPool, 'run' | 'send'>;
  readonly metrics: SessionsMetrics;
  readonly desk: Pick<StatusDesk, 'report'>;
  /** Another Authorization header for a tunnel; undefined when there is none. Default: there never is. */
  readonly renewed?: ((tunnel: Tunnel) => Promise<string | undefined>) | undefined;
  readonly audit: Pick<SessionAudit, 'opened' | 'ended'>;
  /** Registers a connection key as a secret for as long as its session lives. */
  readonly redact: { add(key: string): void; remove(key: string): void };
  /** Monotonic, in ms. */
  readonly now: () => number;
  /** Real time by the cloud's clock, in ms since 1970. */
  readonly realNow: () => number;
  /** A session is gone. */
  readonly onGone: (sessionId: string) => void;
  /** Keeps a list of what becomes of each session. */
  readonly notes?: SessionNotes | undefined;
}

/** Who is told of every session, for people to look at. */
export interface SessionNotes extends OperationNotes {
  /** Somebody on site is asked; nothing is dialled. */
  waiting(session: SessionRecord): void;
  connecting(session: SessionRecord): void;
  opened(session: SessionRecord): void;
  /** It never was open; whether it was dialled is in the record. */
  failed(session: SessionRecord, code: FailureCode, sentence: string): void;
  /** It had been open. */
  ended(session: SessionRecord, reason: EndReason, detail: string | undefined): void;
}

export interface SessionsLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface SessionsMetrics {
  sessionOpened(setupMs: number): void;
  sessionEnded(reason: EndReason, durationMs: number): void;
  sessionFailed(code: FailureCode): void;
  /** `worker` is the thread that moved them. */
  bytes(direction: 'uplink' | 'downlink', count: number, worker: number): void;
}

/** How a session goes to the cloud, and its limits. */
export interface Way {
  readonly tunnel: Tunnel;
  readonly limits: SessionLimits;
}

/** The sessions from their place in the registry until both sockets are gone: EXECUTING, worker, SUCCESSFUL, end. */
export class Sessions {
  readonly registry = new SessionRegistry();
  readonly #parts: SessionsParts;
  readonly #waiters = new Map<string, (() => void)[]>();
  readonly #renewals: TunnelRenewals;
  /** Sessions that are up, until that is on the disk. */
  readonly #opening = new Map<string, Promise<void>>();

  constructor(parts: SessionsParts) {
    this.#parts = parts;
    const { pool, renewed = () => Promise.resolve(undefined) } = parts;
    this.#renewals = new TunnelRenewals({ send: (worker, command) => pool.send(worker, command), renewed });
  }

  /** Takes a place for the session of an admitted operation; run() or forget() must follow. */
  add(
    operation: RemoteAccessOperation,
    { conduit, addresses, term }: Omit<Admitted, 'limits'>,
  ): SessionRecord {
    const record: SessionRecord = {
      // Ten characters: unlikely to repeat within a log file, and short enough to be typed.
      id: randomBytes(5).toString('hex'),
      operationId: operation.id,
      deviceId: operation.deviceId,
      conduit: conduit.name,
      source: conduit.source,
      host: operation.hostname,
      port: operation.port,
      addresses,
      startedAtMs: this.#parts.now(),
      sinceMs: this.#parts.realNow(),
      isExclusive: conduit.exclusive,
      term: new Term(term),
      asksOnSite: conduit.approval,
      approval: undefined,
      state: 'connecting',
      worker: 0,
      isDialled: false,
      openedAtMs: undefined,
      failure: undefined,
      endAtStart: undefined,
      uplinkBytes: 0,
      downlinkBytes: 0,
    };
    this.registry.add(record);
    return record;
  }

  /**
   * Reports EXECUTING, runs the session in a worker and reports what becomes of it; resolves when it is gone. `way` is
   * asked for behind EXECUTING, when all that has to come before a dial is done. @throws nothing
   */
  async run(record: SessionRecord, key: Secret, way: () => Way | Promise<Way>): Promise<void> {
    const { redact, desk } = this.#parts;
    redact.add(key.reveal());
    desk.report(record, 'EXECUTING');
    try {
      this.#parts.audit.ended(record, await this.#dial(record, await way()));
    } catch (error) {
      const { code, message } = asFailure(error);
      this.#onFailed(record, { code, sentence: message });
      this.#parts.audit.ended(record, {
        outcome: 'failed',
        ...(record.failure ?? { code, sentence: message }),
      });
    } finally {
      redact.remove(key.reveal());
      this.forget(record);
    }
  }

  async #dial(record: SessionRecord, { tunnel, limits }: Way): Promise<SessionEnd> {
    const { id: sessionId, host, port, addresses, endAtStart } = record;
    if (endAtStart !== undefined) throw endedBefore(...endAtStart);
    record.isDialled = true;
    this.#parts.notes?.connecting(record);
    this.#parts.log.info({ ...about(record), target: hostAndPort(host, port) }, 'session connecting');
    this.#renewals.add(sessionId, tunnel);
    const target = { host, port, addresses };
    const summary = await this.#parts.pool.run({ sessionId, target, tunnel, limits }).catch(() => undefined);
    return this.#onGone(record, summary);
  }

  /** The session is gone, whatever went wrong in telling so: its place is free and nobody waits for it. */
  forget(record: SessionRecord): void {
    this.registry.remove(record);
    this.#renewals.remove(record.id);
    for (const resolve of this.#waiters.get(record.id) ?? []) resolve();
    this.#waiters.delete(record.id);
    this.#parts.onGone(record.id);
  }

  /** Ends one session; resolves once both of its sockets are gone. */
  async close(sessionId: string, reason: EndReason, detail: string): Promise<'closed' | 'unknown'> {
    const record = this.registry.get(sessionId);
    if (record === undefined) return 'unknown';
    const gone = new Promise<void>((resolve) => {
      this.#waiters.set(sessionId, [...(this.#waiters.get(sessionId) ?? []), resolve]);
    });
    this.end(record, reason, detail);
    await gone;
    return 'closed';
  }

  /** Tells the session's worker to end it; commands and tasks travel by different ports, so not before it has begun. */
  end(record: SessionRecord, reason: EndReason, detail: string): void {
    if (record.approval?.kind === 'waiting') record.approval.end(reason, detail);
    else if (record.worker === 0) record.endAtStart = [reason, detail];
    else this.#parts.pool.send(record.worker, { kind: 'close', sessionId: record.id, reason, detail });
  }

  /** Another rate for a session, in bytes a second; 0 = none. One that no worker has yet gets it from its task. */
  limitBandwidth({ id: sessionId, worker }: SessionRecord, bytesPerSecond: number): void {
    if (worker !== 0) this.#parts.pool.send(worker, { kind: 'session-bandwidth', sessionId, bytesPerSecond });
  }

  /** What a worker tells of its sessions. */
  onReport(worker: number, report: WorkerReport): void {
    for (const id of report.started) {
      const record = this.registry.get(id);
      if (record === undefined) continue;
      record.worker = worker;
      if (record.endAtStart !== undefined) this.end(record, ...record.endAtStart);
    }
    this.#renewals.onReport(worker, report.unauthorized);
    for (const { sessionId, setupMs } of report.opened) this.#onOpened(sessionId, setupMs);
    for (const { sessionId, ending } of report.closing) {
      const record = this.registry.apply(sessionId, 'ending');
      if (record !== undefined && ending.outcome === 'failed') this.#onFailed(record, ending);
    }
    for (const counters of report.counters) this.#countBytes(worker, counters);
  }

  #onOpened(sessionId: string, setupMs: number): void {
    const record = this.registry.apply(sessionId, 'opened');
    if (record?.openedAtMs !== undefined || record === undefined) return;
    record.openedAtMs = this.#parts.realNow();
    this.#opening.set(sessionId, this.#tellOpened(record, setupMs));
  }

  /** SUCCESSFUL, once it is written down that the session is open. What cannot be proved later must not go on. */
  async #tellOpened(record: SessionRecord, setupMs: number): Promise<void> {
    const { audit, desk, metrics, log } = this.#parts;
    try {
      await audit.opened(record, setupMs);
    } catch (error) {
      const { code, message } = asFailure(error);
      this.#onFailed(record, { code, sentence: message });
      this.end(record, 'cancelled', 'the audit log cannot be written');
      return;
    }
    desk.report(record, 'SUCCESSFUL');
    this.#parts.notes?.opened(record);
    metrics.sessionOpened(setupMs);
    log.info({ ...about(record), setupMs: Math.round(setupMs) }, 'session open');
  }

  /** The task is over; without a summary the worker died. Gives how the session ended. */
  async #onGone(record: SessionRecord, summary: SessionSummary | undefined): Promise<SessionEnd> {
    if (summary !== undefined) this.#countBytes(record.worker, summary);
    // The task's result travels by another port than the reports and may overtake them.
    if (summary?.outcome === 'ended') this.#onOpened(record.id, summary.setupMs);
    await this.#opening.get(record.id);
    this.#opening.delete(record.id);
    if (summary === undefined) return this.#onWorkerLost(record);
    if (summary.outcome === 'failed') this.#onFailed(record, summary);
    if (record.failure !== undefined) return { outcome: 'failed', ...record.failure };
    if (summary.outcome === 'ended') this.#onEnded(record, summary);
    return summary;
  }

  #onEnded(record: SessionRecord, summary: SessionSummary & { readonly outcome: 'ended' }): void {
    const { metrics, log } = this.#parts;
    const { reason, detail, durationMs, uplinkBytes, downlinkBytes } = summary;
    metrics.sessionEnded(reason, durationMs);
    this.#parts.notes?.ended(record, reason, detail);
    const fields = { reason, detail, uplinkBytes, downlinkBytes, durationMs: Math.round(durationMs) };
    log.info({ ...about(record), ...fields }, 'session ended');
  }

  /** A session that never opened. The cloud is told before the last socket is gone; both tell, the first counts. */
  #onFailed(record: SessionRecord, { code, sentence }: { code: FailureCode; sentence: string }): void {
    if (record.failure !== undefined) return;
    const whole = `${sentence}${afterApproval(record, code)}`;
    record.failure = { code, sentence: whole };
    this.#parts.desk.report(record, 'FAILED', failureReason(code, whole));
    this.#parts.metrics.sessionFailed(code);
    this.#parts.notes?.failed(record, code, whole);
    this.#parts.log.warn({ ...about(record), code, sentence: whole }, 'session failed');
  }

  /** The thread died. An open session keeps its SUCCESSFUL; one that still connected failed. */
  #onWorkerLost(record: SessionRecord): SessionEnd {
    const { metrics, log } = this.#parts;
    if (record.openedAtMs !== undefined && record.failure === undefined) {
      // Set-up included, but by a clock that nobody sets.
      const durationMs = this.#parts.now() - record.startedAtMs;
      metrics.sessionEnded('worker-lost', durationMs);
      const detail = 'its worker ended unexpectedly';
      this.#parts.notes?.ended(record, 'worker-lost', detail);
      log.error(about(record), 'session lost with its worker');
      return { outcome: 'ended', reason: 'worker-lost', detail, durationMs };
    }
    const sentence = 'The worker thread of this session ended unexpectedly; connect again.';
    this.#onFailed(record, { code: 'worker-crashed', sentence });
    return { outcome: 'failed', ...(record.failure ?? { code: 'worker-crashed', sentence }) };
  }

  #countBytes(worker: number, counters: SessionCounters): void {
    const { uplink, downlink } = this.registry.count(counters);
    if (uplink > 0) this.#parts.metrics.bytes('uplink', uplink, worker);
    if (downlink > 0) this.#parts.metrics.bytes('downlink', downlink, worker);
  }
}

/** A session that was ended before anything was dialled for it. */
export function endedBefore(reason: EndReason, detail: string): GatehouseError {
  return new GatehouseError(codeBeforeOpen(reason), `Ended before anything was dialled: ${detail}.`);
}

/** The user's side of the cloud does not wait as long as people at a machine may need. */
function afterApproval({ approval }: SessionRecord, code: FailureCode): string {
  if (code !== 'cloud-key-unknown' || approval?.kind !== 'approved') return '';
  const waited = `${Math.round(approval.waitedMs / 1_000)} s`;
  return ` The request had waited ${waited} for approval, and the user's side gave up meanwhile; connect again while somebody is there to approve.`;
}

/** Who a session is, in the log. */
export type SessionFields = Pick<SessionRecord, 'operationId' | 'deviceId' | 'conduit'> & {
  sessionId: string;
};

/** The fields that every log line of a session begins with. */
export function about({ id, operationId, deviceId, conduit }: SessionRecord): SessionFields {
  return { sessionId: id, operationId, deviceId, conduit };
}
