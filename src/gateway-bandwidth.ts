import { DEMAND_MS } from '../contract/limits.js';
import type { Demand, WorkerReport } from '../contract/messages.js';
import { sharesOf } from './supervisor/bandwidth-shares.js';
import type { SessionPool } from './supervisor/pool.js';

const NO_DEMAND: Demand = { bytes: 0, waiting: 0 };

/** Divides limits.bandwidth among the workers, ten times a second, by what they need. Costs nothing while it is off. */
export class GatewayBandwidth {
  readonly #pool: () => Pick<SessionPool, 'workers' | 'send'>;
  readonly #demands = new Map<number, NonNullable<WorkerReport['demand']>>();
  #limit = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(pool: () => Pick<SessionPool, 'workers' | 'send'>) {
    this.#pool = pool;
  }

  /** Bytes a second in each direction; 0 = off. */
  limit(bytesPerSecond: number): void {
    const wasLimited = this.#limit > 0;
    this.#limit = bytesPerSecond;
    clearInterval(this.#timer);
    if (bytesPerSecond > 0) this.#timer = setInterval(() => this.#divide(), DEMAND_MS).unref();
    if (bytesPerSecond > 0 || wasLimited) this.#divide();
  }

  /** A worker is there: it must not be the one without a limit. */
  workerUp(): void {
    if (this.#limit > 0) this.#divide();
  }

  workerDown(worker: number): void {
    this.#demands.delete(worker);
  }

  onReport(worker: number, { demand }: WorkerReport): void {
    if (demand !== undefined) this.#demands.set(worker, demand);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #divide(): void {
    const pool = this.#pool();
    const workers = [...pool.workers];
    const shares = (direction: 'uplink' | 'downlink'): readonly number[] => {
      const demands = workers.map((worker) => this.#demands.get(worker)?.[direction] ?? NO_DEMAND);
      return sharesOf(this.#limit, demands, DEMAND_MS);
    };
    const [uplink, downlink] = [shares('uplink'), shares('downlink')];
    for (const [index, worker] of workers.entries()) {
      pool.send(worker, { kind: 'bandwidth', uplink: uplink[index] ?? 0, downlink: downlink[index] ?? 0 });
    }
  }
}
