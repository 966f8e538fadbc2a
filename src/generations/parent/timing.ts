/** Every wait of the parent, in ms, in one place, so that tests can shorten them. */
export interface ParentTiming {
  /** From the start of a process to its valid configuration: Node, modules, files. */
  readonly loadMs: number;
  /** Workers up and logged in to the cloud. The worker threads alone may take 30 s on a machine that is busy. */
  readonly readyMs: number;
  /** Longest wait for a generation to give up control. */
  readonly releaseMs: number;
  /** Longest wait for a generation to take control: its admin listener and the start of its intake. */
  readonly takeOverMs: number;
  /** A generation that ends within this time of its take-over hands back to the one before it. */
  readonly trialMs: number;
  /** From the signal to stop until whoever is left is killed; below SHUTDOWN_MS of the contract. */
  readonly stopMs: number;
  /** First wait before a generation is replaced again; doubled each time. */
  readonly backoffMs: number;
  /** What an elder gets when there are too many, and over how long its sessions are then closed. */
  readonly expireMs: number;
  readonly spreadMs: number;
}

export const PARENT_TIMING: ParentTiming = {
  loadMs: 30_000,
  readyMs: 45_000,
  releaseMs: 2_000,
  takeOverMs: 10_000,
  trialMs: 10_000,
  stopMs: 9_800,
  backoffMs: 1_000,
  expireMs: 30_000,
  spreadMs: 10_000,
};

/** Generations that may be alive at a time; beyond it the oldest has to end. */
export const MAX_GENERATIONS = 8;

/** With this many alive, some of them on their way out, a reload waits until one has ended. */
export const MAX_PROCESSES = MAX_GENERATIONS + 2;
