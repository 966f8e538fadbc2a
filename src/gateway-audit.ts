import type { EvidenceView } from './admin/evidence-metrics.js';
import { AuditLog } from './audit/audit-log.js';
import { configHash } from './audit/config-hash.js';
import { SessionRecorder } from './audit/session-recorder.js';
import { unfinished } from './audit/unfinished.js';
import type { EventOutbox } from './cloud/event-outbox.js';
import type { EventJournal } from './cloud/event.js';
import type { Config } from './config/config.js';
import { GatewayEvents } from './gateway-events.js';
import { errnoOf } from './journal/state-error.js';
import type { Log } from './log/log.js';

export interface GatewayAuditParts {
  readonly config: Config;
  readonly version: string;
  readonly log: Log;
  readonly generation?: number | undefined;
  readonly elders?: readonly number[] | undefined;
  /** The way of events to the cloud; asked for when there is one. */
  readonly outbox: () => EventOutbox;
}

/**
 * What the agent states of itself and of its sessions: in the audit log, if audit.file names one, and in events for the
 * cloud, if audit.events asks for them.
 */
export class GatewayAudit {
  /** What the supervisor tells. */
  readonly sessions: SessionRecorder;
  readonly #parts: GatewayAuditParts;
  readonly #generation: number;
  readonly #log: AuditLog | undefined;
  readonly #events: GatewayEvents;
  #config: Config;
  #hasStarted = false;

  constructor(parts: GatewayAuditParts) {
    const { config, log, generation = 1 } = parts;
    const now = (): number => Date.now();
    this.#parts = parts;
    this.#config = config;
    this.#generation = generation;
    const { file } = config.audit;
    this.#log =
      file === undefined
        ? undefined
        : new AuditLog({ path: file, stateDirectory: config.state.directory, log, now });
    const events = new GatewayEvents(parts);
    this.#events = events;
    this.sessions = new SessionRecorder({
      log: this.#log,
      generation,
      onEnd: (...end) => events.ended(...end),
      now,
    });
  }

  /** What keeps events over a restart; undefined = memory alone. */
  get eventJournal(): EventJournal | undefined {
    return this.#events.journal;
  }

  /** For the metrics. */
  get evidence(): EvidenceView {
    const { lagMs = 0, pending = 0, bytes = 0, failures = 0 } = this.#log?.state ?? {};
    const { size, lost } = this.#parts.outbox();
    return {
      auditLagSeconds: lagMs / 1_000,
      auditPending: pending,
      auditBytes: bytes,
      auditFailures: failures,
      eventsWaiting: size,
      eventsLost: lost,
    };
  }

  /** Sees to it that the file can be used. @throws StateError with what to change. */
  async check(): Promise<void> {
    await this.#log?.check();
  }

  /** The agent begins: it ends in the log what earlier runs left open, and says what it is. `elders` are alive. */
  async start(elders: readonly number[]): Promise<void> {
    await this.#events.open();
    if (this.#log === undefined || this.#hasStarted) return;
    this.#hasStarted = true;
    await this.#endMissing((generation) => !elders.includes(generation));
    const { version } = this.#parts;
    await this.#log
      .record(
        {
          type: 'start',
          version,
          generation: this.#generation,
          elders,
          config: configHash(this.#config),
          gateway: this.#config.device.externalId,
        },
        'fact',
      )
      .catch(() => undefined);
  }

  /** Ends in the log the sessions of a generation that is gone. */
  async recover(generation: number): Promise<void> {
    if (generation === this.#generation) return;
    await this.#events.recover(generation);
    await this.#endMissing((each) => each === generation);
  }

  /** The sessions of this generation go on under another configuration. */
  reloaded(fresh: Config, changed: readonly string[]): void {
    const [before, after] = [configHash(this.#config), configHash(fresh)];
    this.#config = fresh;
    const generation = this.#generation;
    void this.#log
      ?.record({ type: 'reload', generation, before, after, changed }, 'fact')
      .catch(() => undefined);
  }

  /** The agent ends; writes what waits. `sessions` are those that it still has. */
  async stop(sessions: number): Promise<void> {
    if (this.#log === undefined) return;
    const generation = this.#generation;
    if (this.#hasStarted)
      await this.#log.record({ type: 'stop', generation, sessions }, 'fact').catch(() => undefined);
    await this.#log.close();
  }

  /** The cloud side has ended: nothing more is settled. */
  async close(): Promise<void> {
    await this.#events.close();
  }

  async #endMissing(isGone: (generation: number) => boolean): Promise<void> {
    const { file } = this.#config.audit;
    if (this.#log === undefined || file === undefined) return;
    try {
      // The disk may fail; what is written then waits for it, in this order.
      const { missing, recent } = await unfinished(file, isGone, Date.now());
      for (const { fact, place } of recent) this.#events.endedBefore(fact, place);
      for (const fact of missing) void this.sessions.end(fact);
    } catch (error) {
      this.#parts.log.error(
        { cause: errnoOf(error) },
        'the audit log cannot be read: ends of sessions are missing',
      );
    }
  }
}
