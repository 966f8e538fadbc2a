/** What is measured: one operation, with everything it needs at hand. */
export interface Subject {
  /** One call. What it computes has to be returned or stored, or the compiler may leave it out. */
  run(): unknown;
  /** Gives back what `prepare` took, once the measuring is over. */
  close?(): Promise<void>;
}

/** A bench by name. Nothing is made before `prepare`, so listing the benches costs nothing. */
export interface MicroBench {
  /** Unique in the suite, and stable: results of two commits are matched by it. */
  readonly name: string;
  /** Payload bytes that one operation moves; absent where none are. */
  readonly bytes?: number;
  /** Operations in one call of `run`. Default 1. */
  readonly operations?: number;
  /** `run` gives a promise, which belongs to the operation. Default false. */
  readonly isAsync?: boolean;
  readonly prepare: () => Subject | Promise<Subject>;
}
