import { DEMAND_MS } from '../../contract/limits.js';
import type { Demand, WorkerReport } from '../../contract/messages.js';
import type { Elders } from '../generations/elders.js';
import { sharesOf } from '../supervisor/bandwidth-shares.js';
import type { SessionPool } from '../supervisor/pool.js';

/** Longest wait for an elder to take its share, in ms; until it has, it is given no other one. */
const ELDER_MS = 1_000;

const DIRECTIONS = ['uplink', 'downlink'] as const;

/** Something of each direction. */
type Both<T> = Readonly<Record<(typeof DIRECTIONS)[number], T>>;

const NO_DEMAND: Demand = { bytes: 0, waiting: 0 };

export interface GatewayBandwidthParts {
  readonly pool: () => Pick<SessionPool, 'workers' | 'send'>;
  /** Generations with sessions of their own, which share the limit. Default none. */
  readonly elders?: Pick<Elders, 'alive' | 'ask'> | undefined;
}

/**
 * Divides limits.bandwidth among the workers, ten times a second, by what they need. The generation in charge counts its
 * elders like workers, and each of them divides what it gets. Costs nothing while it is off.
 */
export class GatewayBandwidth {
  readonly #parts: GatewayBandwidthParts;
  readonly #demands = new Map<number, Both<Demand>>();
  readonly #elderDemands = new Map<number, Both<Demand>>();
  /** Elders that have not taken their last share. */
  readonly #asking = new Set<number>();
  #limit = 0;
  /** What the generation in charge leaves to this one. */
  #share: Both<number> | undefined;
  #isInCharge = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: GatewayBandwidthParts) {
    this.#parts = parts;
  }

  /** Bytes a second in each direction; 0 = off. */
  limit(bytesPerSecond: number): void {
    this.#limit = bytesPerSecond;
    this.#share = undefined;
    this.#apply();
  }

  /** From here this generation shares the limit out among all of them, or takes what it is given. */
  lead(isInCharge: boolean): void {
    this.#isInCharge = isInCharge;
    if (isInCharge) this.limit(this.#limit);
    else this.#elderDemands.clear();
  }

  /** Takes a share in place of the whole limit; gives what this generation wanted to move since the last one. */
  take(share: Both<number>): Both<Demand> {
    if (!this.#isInCharge) {
      this.#share = share;
      this.#apply();
    }
    const sum = (direction: 'uplink' | 'downlink'): Demand => {
      const all = [...this.#demands.values()].map((demand) => demand[direction]);
      return {
        bytes: all.reduce((total, { bytes }) => total + bytes, 0),
        waiting: all.reduce((total, { waiting }) => total + waiting, 0),
      };
    };
    return { uplink: sum('uplink'), downlink: sum('downlink') };
  }

  /** A worker is there: it must not be the one without a limit. */
  workerUp(): void {
    if (this.#isLimited) this.#divide();
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

  get #limits(): Both<number> {
    return this.#share ?? { uplink: this.#limit, downlink: this.#limit };
  }

  get #isLimited(): boolean {
    return this.#limits.uplink > 0;
  }

  #apply(): void {
    const wasLimited = this.#timer !== undefined;
    clearInterval(this.#timer);
    this.#timer = this.#isLimited ? setInterval(() => this.#divide(), DEMAND_MS).unref() : undefined;
    if (this.#isLimited || wasLimited) this.#divide();
  }

  #divide(): void {
    const pool = this.#parts.pool();
    const workers = [...pool.workers];
    const elders = this.#isInCharge && this.#isLimited ? (this.#parts.elders?.alive ?? []) : [];
    for (const elder of this.#elderDemands.keys()) {
      if (!elders.includes(elder)) this.#elderDemands.delete(elder);
    }
    const demands = [
      ...workers.map((worker) => this.#demands.get(worker)),
      ...elders.map((elder) => this.#elderDemands.get(elder)),
    ];
    const shares = (direction: 'uplink' | 'downlink'): readonly number[] => {
      const wanted = demands.map((demand) => demand?.[direction] ?? NO_DEMAND);
      return sharesOf(this.#limits[direction], wanted, DEMAND_MS);
    };
    const [uplink, downlink] = [shares('uplink'), shares('downlink')];
    const shareOf = (index: number): Both<number> => ({
      uplink: uplink[index] ?? 0,
      downlink: downlink[index] ?? 0,
    });
    for (const [index, worker] of workers.entries())
      pool.send(worker, { kind: 'bandwidth', ...shareOf(index) });
    for (const [index, elder] of elders.entries()) void this.#offer(elder, shareOf(workers.length + index));
  }

  async #offer(elder: number, share: Both<number>): Promise<void> {
    if (this.#asking.has(elder)) return;
    this.#asking.add(elder);
    const answer = await this.#parts.elders?.ask(elder, { kind: 'bandwidth', ...share }, ELDER_MS);
    this.#asking.delete(elder);
    if (isDemand(answer)) this.#elderDemands.set(elder, answer);
  }
}

/** Whether another generation, perhaps of another version, has answered with demands. */
function isDemand(answer: unknown): answer is Both<Demand> {
  const isFields = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null;
  return (
    isFields(answer) &&
    DIRECTIONS.every((direction) => {
      const demand = answer[direction];
      return isFields(demand) && Number.isFinite(demand.bytes) && Number.isFinite(demand.waiting);
    })
  );
}
