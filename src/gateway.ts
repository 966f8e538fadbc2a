import { performance } from 'node:perf_hooks';
import { MAX_REPLY_BYTES, SHUTDOWN_MS } from '../contract/limits.js';
import type { WorkerReport } from '../contract/messages.js';
import type { AdminAddress } from './admin/admin-server.js';
import { Metrics } from './admin/metrics.js';
import { bootMs } from './cloud/boot-clock.js';
import { createCloud, type Cloud } from './cloud/cloud.js';
import type { CloudLink } from './cloud/intake.js';
import { parseJson } from './cloud/json-document.js';
import { parseNotification, parseOperation } from './cloud/operation.js';
import { VIOLATIONS } from './cloud/violation.js';
import type { AdminListen, Config } from './config/config.js';
import { reloaded } from './config/reload.js';
import { findBufferutil } from './bufferutil.js';
import { GatewayChronicle } from './gateway/chronicle.js';
import { policyOf } from './gateway/policy.js';
import type { OwnBackend } from './generations/elders.js';
import { GatewayConsent } from './gateway/consent.js';
import { GatewayAdmin, samePort } from './gateway/admin.js';
import { changedKeys, logBreaches, logDifference } from './gateway/reload.js';
import { admissionParts } from './gateway/admission.js';
import { GatewayAudit } from './gateway/audit.js';
import { supervisorMetrics, tokenEvents } from './gateway/metrics.js';
import type { GatewayBandwidth } from './gateway/bandwidth.js';
import type { GatewayOptions, TakeOverFacts } from './gateway/options.js';
import type { HandOver } from './generations/messages.js';
import { watchResources } from './gateway/resources.js';
import { GatewayView } from './gateway/view.js';
import { GatewayWorkers } from './gateway/workers.js';
import { createJournal } from './journal/create-journal.js';
import type { Journal, Recovered } from './journal/journal.js';
import type { ResourceWatch } from './resources/resource-watch.js';
import { Supervisor } from './supervisor/supervisor.js';
import { within } from './within.js';

export type { GatewayOptions } from './gateway/options.js';

/** Longest time to log in to the cloud before the take-over, in ms; ten times what a slow link needs. */
const PROOF_MS = 20_000;

/** Longest wait for the admin listener to close when control is given up, in ms: its connections are cut. */
const ADMIN_STOP_MS = 500;

/** Longest wait for the cloud to hear of the end of our subscription before it is taken back, in ms. */
const RELEASE_MS = 1_500;

/** How often an elder without sessions tries to get rid of its last statuses and events, in ms. */
const OUTBOX_ROUND_MS = 5_000;

/** How often the clock is looked at for sessions that end, in ms. */
const CLOCK_MS = 500;

/** The steps of a shutdown, in ms; together with what needs no wait they stay below SHUTDOWN_MS. */
const SESSIONS_SHUTDOWN_MS = SHUTDOWN_MS - 4_000;
const FLUSH_MS = 2_000;
const DISCONNECT_MS = 1_000;

/**
 * The agent: the one place that makes its parts and joins them.
 *
 *     cloud intake --> supervisor --> pool ==> workers
 *          ^               |            |
 *          \--- status <---+--- view <--/ --> admin listener
 */
export class Gateway {
  readonly supervisor: Supervisor;
  /** What this generation shows of itself. */
  readonly own: OwnBackend;
  /** What is remembered of the last minutes. */
  readonly chronicle: GatewayChronicle;
  readonly #options: GatewayOptions;
  readonly #workers: GatewayWorkers;
  readonly #journal: Journal;
  /** The audit log. */
  readonly #audit: GatewayAudit;
  readonly #cloud: Cloud;
  readonly #admin: GatewayAdmin;
  readonly #view: GatewayView;
  readonly #metrics: Metrics;
  readonly #resources: ResourceWatch;
  readonly #consent: GatewayConsent;
  #config: Config;
  /** Where the admin listener really is: port 0 of the configuration stands for any free one. */
  #adminListen: AdminListen;
  #isJournalOpen = false;
  /** No reload since it was in charge. */
  #wasInCharge = false;
  #clock: NodeJS.Timeout | undefined;
  #released: Promise<unknown> = Promise.resolve();
  #connectedWaiters: (() => void)[] = [];

  constructor(options: GatewayOptions) {
    const { config, log, redactor } = options;
    this.#options = options;
    this.#config = config;
    this.#adminListen = config.admin.listen;
    this.#metrics = new Metrics({
      activeSessions: () => this.supervisor.registry.sessions,
      outboxSize: () => this.#cloud.status.size,
      logDropped: options.logDropped,
      hasBufferutil: findBufferutil(log),
      resources: () => this.#resources.sample,
      evidence: () => this.#audit.evidence,
      deviceCertificate: () => this.#cloud.credentials.certificate,
      isSwitchOn: () => this.#consent.switchedOff() === undefined,
    });
    this.#metrics.expectViolations(VIOLATIONS);
    this.chronicle = new GatewayChronicle(options);
    this.#view = new GatewayView(options);
    this.#workers = new GatewayWorkers({
      ...options,
      view: this.#view,
      metrics: this.#metrics,
      onReport: (worker, report) => this.#onReport(worker, report),
    });
    this.#journal = createJournal({ ...options, directory: config.state.directory });
    this.#audit = new GatewayAudit({
      ...options,
      outbox: () => this.#cloud.events,
      clock: () => this.#cloud.clock,
    });
    this.#cloud = this.#createCloud();
    this.#consent = this.#createConsent();
    this.supervisor = new Supervisor({
      log,
      pool: this.#workers.pool,
      status: this.#cloud.status,
      journal: this.#journal,
      audit: this.#audit.sessions,
      metrics: supervisorMetrics(this.#metrics, this.#view, config.intake.kind),
      admission: admissionParts({
        config: () => this.#config,
        cloud: this.#cloud,
        shortage: () => this.#resources.shortage(),
        switchedOff: () => this.#consent.switchedOff(),
      }),
      approvals: this.#consent.approvals,
      redact: { add: (key) => redactor.add(key, 'connection-key'), remove: (key) => redactor.remove(key) },
      now: () => performance.now(),
      lease: options.others?.lease,
      onGone: options.others?.onSessionGone.bind(options.others),
      notes: this.chronicle,
    });
    this.#resources = watchResources({
      log,
      pool: this.#workers.pool,
      supervisor: this.supervisor,
      memoryLimit: () => this.#config.limits.memoryBytes,
      maxSessions: () => this.#config.limits.sessions,
    });
    this.own = this.#view.backend({
      supervisor: this.supervisor,
      outboxSize: () => this.#cloud.status.size,
      resources: () => this.#resources.sample,
      drain: () => this.drain(),
      chronicle: this.chronicle,
      consent: this.#consent,
    });
    this.#admin = new GatewayAdmin({ ...options, own: this.own, metrics: this.#metrics });
  }

  /**
   * Starts workers, admin listener and intake; resolves when the agent works, connected to the cloud or still trying.
   * @throws StateError when the state directory cannot be used; Error when a worker cannot start or the admin address
   * cannot be had.
   */
  async start(): Promise<AdminAddress | undefined> {
    await this.prepare(false);
    return this.takeOver({ remembered: [], guests: [] });
  }

  /**
   * Everything that can be done while another generation is in charge: workers, and with `proveCloud` a login.
   * @throws Error when a worker cannot start; RestError when the cloud does not let us in.
   */
  async prepare(proveCloud: boolean): Promise<void> {
    const proof = proveCloud ? this.#cloud.prepare(AbortSignal.timeout(PROOF_MS)) : Promise.resolve();
    await Promise.all([this.#workers.allUp(), proof, this.#consent.start(), this.#audit.check()]);
    await this.#resources.start();
    this.#clock ??= setInterval(() => this.supervisor.lookAtClock(bootMs()), CLOCK_MS).unref();
  }

  /**
   * Takes the admin listener, the journal and the control connection (again). `handOver` is what the generation before
   * gave.
   * @throws Error when the admin address cannot be had; StateError when the journal cannot be read.
   */
  async takeOver(
    handOver: HandOver,
    { ended = [], admin, mayAdminWait = false }: TakeOverFacts = {},
  ): Promise<AdminAddress | undefined> {
    this.#view.draining = false;
    this.#wasInCharge = true;
    this.#workers.bandwidth.lead(true);
    const listen = samePort(this.#config.admin.listen, admin);
    this.chronicle.start(this.#admin.backend);
    const [address] = await Promise.all([
      this.#admin.start(listen, mayAdminWait),
      this.#openJournal(),
      this.#released,
    ]);
    this.#adminListen = address ?? listen;
    this.supervisor.reload(policyOf(this.#config, this.#adminListen));
    await this.#audit.start(this.#options.others?.elders.alive ?? []);
    for (const generation of ended) await this.recover(generation);
    this.supervisor.remember(await this.#journal.elders());
    this.supervisor.takeOver(handOver);
    this.#cloud.intake.start();
    return address;
  }

  /** Gives up admin listener and control connection, and takes on nothing more; sessions and their statuses go on. */
  async release(): Promise<HandOver> {
    this.#view.draining = true;
    this.chronicle.stop();
    this.#workers.bandwidth.lead(false);
    const handOver = this.supervisor.release();
    // That the cloud hears of the end of our subscription may take a while; the next one need not wait for that.
    this.#released = within(RELEASE_MS, this.#cloud.release());
    await within(ADMIN_STOP_MS, this.#admin.stop());
    return handOver;
  }

  /** After `release`: calls back when the last session has ended and the cloud has all its statuses and events. */
  retire(onDone: () => void): void {
    this.supervisor.drain(() => {
      void this.#deliverAll().then(onDone);
    });
  }

  /** Ends the sessions one after the other, in the order they are in, over `spreadMs`. */
  expire(spreadMs: number): void {
    const ids = [...this.supervisor.registry.all()].map(({ id }) => id);
    for (const [index, id] of ids.entries()) {
      const close = () =>
        void this.supervisor.close(id, 'shutdown', 'too many reloads; the oldest generation ends');
      setTimeout(close, (spreadMs * index) / ids.length);
    }
  }

  /** All metrics as JSON, for the generation that shows those of the whole agent. */
  metrics(): Promise<unknown> {
    return this.#metrics.snapshot();
  }

  /** Takes a share of limits.bandwidth; gives what the sessions of this generation wanted to move. */
  takeBandwidth(share: Parameters<GatewayBandwidth['take']>[0]): ReturnType<GatewayBandwidth['take']> {
    return this.#workers.bandwidth.take(share);
  }

  /** Takes over what an elder left that has ended: its unfinished operations get their one final status. */
  async recover(generation: number): Promise<void> {
    this.#consent.elderEnded();
    this.chronicle.generationEnded(generation);
    this.#takeOverFrom(await this.#journal.recover(generation));
    await this.#audit.recover(generation);
  }

  /** Resolves when operations can be received. */
  connected(): Promise<void> {
    if (this.#view.link.state === 'connected') return Promise.resolve();
    return new Promise((resolve) => this.#connectedWaiters.push(resolve));
  }

  /** Stops cleanly within SHUTDOWN_MS: sessions end with their bytes delivered, what is pending is reported. */
  async stop(): Promise<void> {
    this.#workers.expectEnd();
    this.chronicle.stop();
    this.#resources.stop();
    clearInterval(this.#clock);
    const { log } = this.#options;
    const intakeStopped = this.#cloud.intake.stop();
    const sessions = this.supervisor.registry.sessions;
    if (sessions > 0) log.info({ sessions }, 'ending sessions');
    // The supervisor takes on nothing more from here, so the intake may end in its own time.
    const ended = Promise.all([intakeStopped, this.supervisor.shutdown()]);
    await within(SESSIONS_SHUTDOWN_MS, ended);
    await Promise.all([this.#cloud.status.flush(FLUSH_MS), this.#deliverEnds()]);
    await Promise.all([this.#admin.stop(), this.#consent.stop()]);
    // The outbox stops first, at once: from there nothing more is journalled.
    const closing = [
      this.#cloud.close(),
      this.#workers.pool.destroy(),
      this.#journal.close(),
      this.#audit.close(),
    ];
    await within(DISCONNECT_MS, Promise.all(closing));
  }

  /** Takes on no more operations; the option onDrained is called when the last session has ended. */
  drain(): void {
    this.#options.log.info({ sessions: this.supervisor.registry.sessions }, 'draining: no new sessions');
    this.#view.draining = true;
    void this.#cloud.intake.stop();
    this.supervisor.stopAsking('shutdown', 'the gateway takes on no new sessions');
    this.supervisor.drain(() => this.#options.onDrained?.());
  }

  /** Takes over what of `fresh` can change while running; open sessions stay unless their conduit is gone. */
  reload(fresh: Config): void {
    const { log } = this.#options;
    // Those before have said it already, and know no more than what they took over.
    const changes = this.#wasInCharge ? logDifference(log, this.#config, fresh) : undefined;
    this.#wasInCharge = false;
    const { applies, needsRestart } = changedKeys(this.#config, fresh);
    this.#config = reloaded(this.#config, fresh);
    log.level = fresh.log.level;
    this.#audit.reloaded(this.#config, [...applies, ...needsRestart]);
    this.#cloud.renew(fresh.cloud);
    this.#workers.bandwidth.limit(this.#config.limits.bandwidthBytesPerSecond);
    const breaches = this.supervisor.reload(policyOf(this.#config, this.#adminListen));
    if (applies.some((key) => /^(switch|plant)\./.test(key))) this.#consent.reload(this.#config);
    logBreaches(log, breaches);
    const [changed, sessionsEnded] = [changes?.length, breaches.length];
    if (changes !== undefined) this.chronicle.reloaded(changes, sessionsEnded);
    log.info({ changed, sessionsEnded, applies, needsRestart }, 'configuration reloaded');
  }

  /** Not before the take-over: what the generation before has begun until then is in it. */
  async #openJournal(): Promise<void> {
    if (this.#isJournalOpen) return;
    this.#takeOverFrom(await this.#journal.open());
    this.#isJournalOpen = true;
  }

  #createCloud(): Cloud {
    const { config, version, log, redactor, timing, renewCredentials } = this.#options;
    return createCloud({
      config,
      version,
      log,
      parseOperation,
      parseOperations: parseNotification,
      parseJson: (document) => parseJson(document, { maxBytes: MAX_REPLY_BYTES }),
      timing,
      renewCredentials,
      tokens: tokenEvents(redactor, this.#metrics),
      journal: this.#journal,
      eventJournal: this.#audit.eventJournal,
      isOurs: (operationId) => this.supervisor.isOurs(operationId),
      connectingFor: (ms) => this.supervisor.connectingFor(ms),
      events: {
        onOperation: (parsed) => this.supervisor.onOperation(parsed),
        onLink: (link) => this.#onLink(link),
        onViolation: (violation, count) => this.#metrics.controlViolation(violation, count),
        onCancelled: (operationId) => this.supervisor.cancel(operationId),
      },
    });
  }

  #createConsent(): GatewayConsent {
    const onOff = (detail: string): void => this.supervisor.endAll('switched-off', detail);
    return new GatewayConsent({ ...this.#options, onOff });
  }

  async #deliverAll(): Promise<void> {
    const { status, events } = this.#cloud;
    await this.#audit.settled();
    while (status.size + events.size > 0)
      await Promise.all([status.flush(OUTBOX_ROUND_MS), events.flush(OUTBOX_ROUND_MS)]);
  }

  /** At a shutdown: each end is in the log before its event goes out, so that waits for one after the other. */
  async #deliverEnds(): Promise<void> {
    const untilMs = performance.now() + FLUSH_MS;
    await within(FLUSH_MS, this.#audit.stop(this.supervisor.registry.sessions));
    await this.#cloud.events.flush(Math.max(0, untilMs - performance.now()));
  }

  #takeOverFrom({ operations, finals }: Recovered): void {
    this.supervisor.remember(operations);
    if (finals.length > 0)
      this.#options.log.info({ operations: finals.length }, 'statuses that an earlier run left are sent');
    for (const update of finals) this.#cloud.status.resume(update);
  }

  #onReport(worker: number, report: WorkerReport): void {
    if (report.heaviest !== undefined) this.#resources.onWeights(report.heaviest);
    this.supervisor.onReport(worker, report);
  }

  #onLink(link: CloudLink): void {
    this.#view.link = link;
    this.chronicle.onLink(link);
    this.#metrics.cloudConnected(link.state === 'connected');
    this.#options.others?.onLink(link.state === 'connected');
    if (link.state !== 'connected') return;
    this.#audit.linked();
    for (const resolve of this.#connectedWaiters) resolve();
    this.#connectedWaiters = [];
  }
}
