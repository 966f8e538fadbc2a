import type { EvidenceView } from '../admin/evidence-metrics.js';
import { AuditLog } from '../audit/audit-log.js';
import { configHash } from '../audit/config-hash.js';
import type { StatedFact } from '../audit/fact.js';
import { SessionRecorder } from '../audit/session-recorder.js';
import { TELLING_SKEW_MS, type CloudClock } from '../cloud/cloud-clock.js';
import type { EventOutbox } from '../cloud/event-outbox.js';
import type { EventJournal } from '../cloud/event.js';
import type { Config } from '../config/config.js';
import { GatewayEvents } from './events.js';
import { GatewayRecovery } from './recovery.js';
import type { Log } from '../log/log.js';

export interface GatewayAuditParts {
  readonly config: Config;
  readonly version: string;
  readonly log: Log;
  readonly generation?: number | undefined;
  readonly elders?: readonly number[] | undefined;
  /** The way of events to the cloud; asked for when there is one. */
  readonly outbox: () => EventOutbox;
  /** The cloud's clock, by which records go; that of the gateway until the cloud has answered. */
  readonly clock: () => Pick<CloudClock, 'now' | 'skewMs'>;
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
  readonly #recovery: GatewayRecovery;
  #config: Config;
  #hasStarted = false;
  /** What the log says of the gateway's clock. */
  #statedSkewMs = 0;

  constructor(parts: GatewayAuditParts) {
    const { config, log, generation = 1 } = parts;
    const now = (): number => parts.clock().now();
    this.#parts = parts;
    this.#config = config;
    this.#generation = generation;
    const { file } = config.audit;
    const stateDirectory = config.state.directory;
    this.#log = file === undefined ? undefined : new AuditLog({ path: file, stateDirectory, log, now });
    const events = new GatewayEvents(parts);
    this.#events = events;
    this.sessions = new SessionRecorder({
      log: this.#log,
      generation,
      onEnd: (...end) => events.ended(...end),
      now,
    });
    this.#recovery = new GatewayRecovery({
      file,
      stateDirectory,
      log,
      now,
      onMissing: (fact) => this.sessions.end(fact),
      onEnded: (...end) => events.ended(...end),
      onRecent: ({ fact, place }) => events.endedBefore(fact, place),
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
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    await this.#recovery.endMissing((generation) => !elders.includes(generation), elders.length === 0);
    const { version, clock } = this.#parts;
    const { skewMs = null } = clock();
    this.#statedSkewMs = skewMs ?? 0;
    await this.#state({
      type: 'start',
      version,
      generation: this.#generation,
      elders,
      config: configHash(this.#config),
      gateway: this.#config.device.externalId,
      skewMs,
    });
  }

  /** The cloud has answered: from here on records go by its clock, and the log says so when the two differ. */
  linked(): void {
    const { skewMs } = this.#parts.clock();
    if (!this.#hasStarted || skewMs === undefined) return;
    if (Math.abs(skewMs - this.#statedSkewMs) < TELLING_SKEW_MS) return;
    this.#statedSkewMs = skewMs;
    void this.#state({ type: 'clock', generation: this.#generation, skewMs });
  }

  /** Ends in the log the sessions of a generation that is gone. */
  async recover(generation: number): Promise<void> {
    if (generation === this.#generation) return;
    await this.#events.recover(generation);
    await this.#recovery.endMissing((each) => each === generation, false);
  }

  /** The sessions of this generation go on under another configuration. */
  reloaded(fresh: Config, changed: readonly string[]): void {
    const [before, after] = [configHash(this.#config), configHash(fresh)];
    this.#config = fresh;
    const generation = this.#generation;
    void this.#state({ type: 'reload', generation, before, after, changed });
  }

  /** Resolves when the outbox has the events of all sessions that have ended. */
  async settled(): Promise<void> {
    await this.sessions.settled();
  }

  /** The agent ends; writes what waits. `sessions` are those that it still has. */
  async stop(sessions: number): Promise<void> {
    await this.settled();
    if (this.#hasStarted) await this.#state({ type: 'stop', generation: this.#generation, sessions });
    await this.#log?.close();
  }

  /** The cloud side has ended: nothing more is settled. */
  async close(): Promise<void> {
    await this.#events.close();
  }

  async #state(fact: StatedFact): Promise<void> {
    await this.#log?.record(fact, 'fact').catch(() => undefined);
  }
}
