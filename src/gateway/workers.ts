import type { WorkerReport } from '../../contract/messages.js';
import type { Metrics } from '../admin/metrics.js';
import type { Config } from '../config/config.js';
import { GatewayBandwidth } from './bandwidth.js';
import type { GatewayOthers } from './options.js';
import type { GatewayView } from './view.js';
import type { Log } from '../log/log.js';
import { SessionPool } from '../supervisor/pool.js';
import { within } from '../within.js';

/** Longest wait for the workers at start, in ms; they take well below a second each. */
const WORKERS_UP_MS = 30_000;

export interface GatewayWorkersParts {
  readonly config: Pick<Config, 'workers' | 'cloud' | 'limits'>;
  readonly log: Log;
  readonly view: GatewayView;
  readonly metrics: Metrics;
  readonly others?: GatewayOthers | undefined;
  /** What a worker tells, beside its figures. */
  readonly onReport: (worker: number, report: WorkerReport) => void;
  /** No worker can be started any more. */
  readonly onFatal: (error: Error) => void;
}

/** The pool, and what is seen of it. */
export class GatewayWorkers {
  readonly pool: SessionPool;
  /** Divides limits.bandwidth among the workers. */
  readonly bandwidth: GatewayBandwidth;
  readonly #parts: GatewayWorkersParts;
  #up: () => void = () => undefined;
  #failed: (error: Error) => void = () => undefined;
  #isEnding = false;

  constructor(parts: GatewayWorkersParts) {
    this.#parts = parts;
    const { config, log } = parts;
    this.bandwidth = new GatewayBandwidth({ pool: () => this.pool, elders: parts.others?.elders });
    this.pool = new SessionPool({
      workers: config.workers.count,
      isolation: config.workers.isolation,
      settings: { ca: config.cloud.ca, minTlsVersion: config.cloud.minTlsVersion },
      log,
      events: {
        onWorkerUp: (worker, pid) => this.#onUp(worker, pid),
        onWorkerDown: (worker, why) => this.#onDown(worker, why),
        onReport: (worker, report) => this.#onReport(worker, report),
        onFatal: (error) => {
          log.fatal({ err: error }, 'no worker can be started');
          this.#failed(error);
          parts.onFatal(error);
        },
      },
    });
    this.bandwidth.limit(config.limits.bandwidthBytesPerSecond);
  }

  /** Resolves when all of them are up. @throws Error when one cannot start, or not in time. */
  async allUp(): Promise<void> {
    const { count } = this.#parts.config.workers;
    const { workers } = this.#parts.view;
    const up = new Promise<boolean>((resolve, reject) => {
      this.#up = () => resolve(true);
      this.#failed = reject;
    });
    if (workers.size >= count) return;
    const isUp = await within(WORKERS_UP_MS, up);
    if (isUp !== true)
      throw new Error(`${workers.size} of ${count} workers started within ${WORKERS_UP_MS / 1000} s`);
  }

  /** From here the end of a worker is no loss. */
  expectEnd(): void {
    this.#isEnding = true;
    this.bandwidth.stop();
  }

  #onUp(worker: number, pid: number | undefined): void {
    const { view, config } = this.#parts;
    view.workerUp(worker, pid);
    this.bandwidth.workerUp();
    if (view.workers.size >= config.workers.count) this.#up();
  }

  #onDown(worker: number, why: Error): void {
    const { view, log, metrics } = this.#parts;
    view.workerDown(worker);
    this.bandwidth.workerDown(worker);
    if (this.#isEnding) return;
    log.error({ worker, err: why }, 'worker lost, another one is started');
    view.workerRestarts += 1;
    metrics.workerRestarted(worker);
  }

  #onReport(worker: number, report: WorkerReport): void {
    const { view, metrics, onReport } = this.#parts;
    this.bandwidth.onReport(worker, report);
    if (report.loopDelay !== undefined) {
      view.loopDelay(worker, report.loopDelay);
      metrics.workerLoopDelay(worker, report.loopDelay.p99Ms);
    }
    if (report.heldBytes !== undefined) view.held(worker, report.heldBytes);
    onReport(worker, report);
  }
}
