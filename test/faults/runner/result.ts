/** What one run of a row came to, as its process tells it. */
export interface RunResult {
  readonly outcome: 'survived' | 'failed' | 'leaked';
  /** Why not, in one line. */
  readonly reason?: string;
  readonly ms: number;
  /** What was measured, by name. */
  readonly figures: Readonly<Record<string, number>>;
  /** Output and stack, for a run that did not survive. */
  readonly detail?: string;
}

/** What a row came to over all of its runs. */
export interface RowResult {
  readonly id: string;
  readonly outcome: RunResult['outcome'] | 'not-run';
  readonly reason?: string;
  /** Runs, and the longest of them. */
  readonly runs: number;
  readonly ms: number;
  /** Of the last run. */
  readonly figures: Readonly<Record<string, number>>;
}
