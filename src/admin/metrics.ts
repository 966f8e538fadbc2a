import { readdir } from 'node:fs/promises';
import { AggregatorRegistry, collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { FAILURE_CODES, type FailureCode } from '../../contract/failure.js';
import { END_REASONS, type EndReason } from '../../contract/session-state.js';
import { addEvidenceMetrics, NO_EVIDENCE, type EvidenceView } from './evidence-metrics.js';
import type { MetricsSource } from './metrics-page.js';

/** Upper bounds of set-up times, in s: a LAN dial and a cloud upgrade take 50 ms to 1 s, the limit is 10 s each. */
const SETUP_BUCKETS_S = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20];

/** Upper bounds of open times, in s: from one HTTP request to a working day. */
const DURATION_BUCKETS_S = [1, 5, 15, 60, 300, 900, 3_600, 14_400, 28_800, 86_400];

type Intake = 'rest' | 'mqtt' | 'thin-edge';

/** Read whenever the metrics are. */
export interface MetricsGauges {
  readonly activeSessions: () => number;
  /** Operations whose status the cloud does not have yet. */
  readonly outboxSize: () => number;
  /** Log lines that were lost since the start; default none. */
  readonly logDropped?: (() => number) | undefined;
  /** Whether bufferutil's native code is there; default unknown, and then 0. */
  readonly hasBufferutil?: boolean | undefined;
  /** The certificate that the device logs in with. Default none. */
  readonly deviceCertificate?: (() => { readonly validToMs: number } | undefined) | undefined;
  /** Whether the hard switch lets sessions be; default: there is none. */
  readonly isSwitchOn?: (() => boolean) | undefined;
  /** What audit log and events have to say; default nothing. */
  readonly evidence?: (() => EvidenceView) | undefined;
  /** What is in use of each resource that is watched. */
  readonly resources: () => Readonly<
    Partial<Record<string, { readonly used: number; readonly limit: number }>>
  >;
}

/**
 * Every metric of CONTRACT in a registry of its own, and the process defaults. Labels have a few fixed values each;
 * none carries a host, an id or anything else that an operation chooses.
 */
export class Metrics implements MetricsSource {
  readonly #registry = new Registry();
  readonly #sessions = this.#counter('gatehouse_sessions_total', 'Sessions that ended, by outcome.', [
    'outcome',
  ]);
  readonly #operations = this.#counter('gatehouse_operations_total', 'Operation statuses.', [
    'intake',
    'status',
  ]);
  readonly #bytes = this.#counter('gatehouse_bytes_total', 'Payload bytes delivered.', ['direction']);
  readonly #restarts = this.#counter(
    'gatehouse_worker_restarts_total',
    'Workers that died and were replaced.',
    [],
  );
  readonly #violations = this.#counter(
    'gatehouse_control_violations_total',
    'What the cloud or the broker sent that it must not, by kind.',
    ['kind'],
  );
  readonly #tokens = this.#counter(
    'gatehouse_token_fetches_total',
    'Tokens asked for with the device certificate, by way and outcome.',
    ['way', 'outcome'],
  );
  readonly #setup = new Histogram({
    name: 'gatehouse_session_setup_seconds',
    help: 'Time from accepting an operation until both connections are up.',
    buckets: SETUP_BUCKETS_S,
    registers: [this.#registry],
  });
  readonly #duration = new Histogram({
    name: 'gatehouse_session_duration_seconds',
    help: 'Open time of sessions that ended.',
    buckets: DURATION_BUCKETS_S,
    registers: [this.#registry],
  });
  readonly #loopDelay = new Gauge({
    name: 'gatehouse_worker_event_loop_delay_seconds',
    help: '99th percentile of the event-loop delay of a worker over its last report interval.',
    labelNames: ['worker'],
    // Thread ids are the same in every generation: the slowest one counts.
    aggregator: 'max',
    registers: [this.#registry],
  });
  readonly #connected = new Gauge({
    name: 'gatehouse_cloud_connected',
    help: '1 while the control connection to the cloud is up, else 0.',
    aggregator: 'max',
    registers: [this.#registry],
  });

  constructor(gauges: MetricsGauges) {
    this.#gauge('gatehouse_sessions_active', 'Sessions connecting, open or closing.', gauges.activeSessions);
    this.#gauge(
      'gatehouse_status_outbox_size',
      'Operations whose status the cloud does not have yet.',
      gauges.outboxSize,
    );
    this.#total(
      'gatehouse_log_dropped_total',
      'Log lines lost because their destination took none.',
      gauges.logDropped ?? (() => 0),
    );
    this.#gauge('gatehouse_bufferutil', '1 when bufferutil has native code here, else 0.', () =>
      gauges.hasBufferutil === true ? 1 : 0,
    );
    this.#switchGauge(gauges.isSwitchOn ?? (() => true));
    this.#resourceGauge(gauges.resources);
    addEvidenceMetrics(this.#registry, gauges.evidence ?? (() => NO_EVIDENCE));
    this.#certificateGauge(gauges.deviceCertificate);
    collectDefaultMetrics({ register: this.#registry });
    this.#countDescriptors();
    this.#beginAtZero();
  }

  /** A rate over a series that appears with its first event misses that event. */
  #beginAtZero(): void {
    for (const direction of ['uplink', 'downlink']) this.#bytes.inc({ direction }, 0);
    for (const outcome of [...END_REASONS, ...FAILURE_CODES]) this.#sessions.inc({ outcome }, 0);
    for (const way of ['endpoint', 'mqtt'])
      for (const outcome of ['ok', 'refused', 'failed']) this.#tokens.inc({ way, outcome }, 0);
  }

  /** Both connections of a session are up, `setupMs` after it was begun. */
  sessionOpened(setupMs: number): void {
    this.#setup.observe(setupMs / 1_000);
  }

  /** A session that had been open for `durationMs` ended. */
  sessionEnded(reason: EndReason, durationMs: number): void {
    this.#sessions.inc({ outcome: reason });
    this.#duration.observe(durationMs / 1_000);
  }

  /** A session never opened. */
  sessionFailed(code: FailureCode): void {
    this.#sessions.inc({ outcome: code });
  }

  /** Operations come by `intake`; the series of each status begins at 0. */
  expectOperations(intake: Intake): void {
    for (const status of ['EXECUTING', 'SUCCESSFUL', 'FAILED']) this.#operations.inc({ intake, status }, 0);
  }

  /** An operation that came by `intake` got a status. */
  operation(intake: Intake, status: 'EXECUTING' | 'SUCCESSFUL' | 'FAILED'): void {
    this.#operations.inc({ intake, status });
  }

  /** `count` more bytes were delivered. */
  bytes(direction: 'uplink' | 'downlink', count: number): void {
    this.#bytes.inc({ direction }, count);
  }

  /** Event-loop delay of a worker (its thread id) over the last interval. */
  workerLoopDelay(worker: number, p99Ms: number): void {
    this.#loopDelay.set({ worker: String(worker) }, p99Ms / 1_000);
  }

  /** A worker died; its series ends, so that the number of series stays that of the workers. */
  workerRestarted(worker: number): void {
    this.#loopDelay.remove({ worker: String(worker) });
    this.#restarts.inc();
  }

  /** Kinds that are counted; each series begins at 0. */
  expectViolations(kinds: readonly string[]): void {
    for (const kind of kinds) this.#violations.inc({ kind }, 0);
  }

  /** The cloud or the broker did what it must not do; `kind` is one of those expected. */
  controlViolation(kind: string, count = 1): void {
    this.#violations.inc({ kind }, count);
  }

  /** A token was asked for. */
  tokenFetched(way: 'endpoint' | 'mqtt', outcome: 'ok' | 'refused' | 'failed'): void {
    this.#tokens.inc({ way, outcome });
  }

  cloudConnected(isConnected: boolean): void {
    this.#connected.set(isConnected ? 1 : 0);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All of it as Prometheus text. */
  render(): Promise<string> {
    return this.#registry.metrics();
  }

  /** All of it as JSON, for `merged` in another process. */
  snapshot(): Promise<unknown[]> {
    return this.#registry.getMetricsAsJSON();
  }

  /** All of it together with the snapshots of other processes, as Prometheus text. */
  async merged(others: readonly unknown[][]): Promise<string> {
    if (others.length === 0) return this.render();
    return AggregatorRegistry.aggregate([await this.snapshot(), ...others]).metrics();
  }

  /** Name, type and labels of each metric; a test compares docs/metrics.md with it. */
  async describe(): Promise<{ name: string; type: string; help: string }[]> {
    const metrics = await this.#registry.getMetricsAsJSON();
    return metrics.map(({ name, type, help }) => ({ name, type: String(type), help }));
  }

  #counter<T extends string>(name: string, help: string, labelNames: T[]): Counter<T> {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }

  /** The client library lists them in one go on the main thread: with 20,000 that holds up everything for 50 ms. */
  #countDescriptors(): void {
    const name = 'process_open_fds';
    if (this.#registry.getSingleMetric(name) === undefined) return;
    this.#registry.removeSingleMetric(name);
    new Gauge({
      name,
      help: 'Number of open file descriptors.',
      registers: [this.#registry],
      async collect() {
        // One of them is that of the listing.
        this.set((await readdir('/proc/self/fd')).length - 1);
      },
    });
  }

  /** A counter that is kept elsewhere. */
  #total(name: string, help: string, read: () => number): void {
    new Counter({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }

  /** Without a certificate there is no sample: 0 would be a date. */
  #certificateGauge(certificate: MetricsGauges['deviceCertificate']): void {
    new Gauge({
      name: 'gatehouse_device_certificate_expiry_timestamp_seconds',
      help: 'End of the device certificate, Unix time; absent where none is used.',
      // Generations have the same files; one that has not read them again yet is behind.
      aggregator: 'max',
      registers: [this.#registry],
      collect() {
        this.reset();
        const endMs = certificate?.()?.validToMs;
        if (endMs === undefined) this.remove();
        else this.set(endMs / 1_000);
      },
    });
  }

  #switchGauge(isOn: () => boolean): void {
    new Gauge({
      name: 'gatehouse_switch_on',
      help: '1 while the hard switch is on or there is none, else 0.',
      // Each generation looks for itself.
      aggregator: 'min',
      registers: [this.#registry],
      collect() {
        this.set(isOn() ? 1 : 0);
      },
    });
  }

  #resourceGauge(resources: MetricsGauges['resources']): void {
    new Gauge({
      name: 'gatehouse_resource_usage_ratio',
      help: 'Share of a watched resource that is in use.',
      labelNames: ['resource'],
      registers: [this.#registry],
      collect() {
        for (const [resource, usage] of Object.entries(resources())) {
          if (usage !== undefined && usage.limit > 0) this.set({ resource }, usage.used / usage.limit);
        }
      },
    });
  }

  #gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read());
      },
    });
  }
}
