import type * as fc from 'fast-check';

/** One piece of the product that takes bytes from outside, and what must hold whatever they are. */
export interface FuzzTarget {
  /** Name of its folder in the corpus, and on the command line. */
  readonly name: string;
  /** What holds, in a few words. */
  readonly holds: string;
  /** Inputs to start from beside the corpus: the hostile cases of the surface. */
  readonly seeds?: () => readonly Buffer[];
  /** Pieces that mean something to the parser. */
  readonly dictionary?: readonly (string | Buffer)[];
  /** Inputs with a structure, which mutation would hardly ever hit. */
  readonly structured?: fc.Arbitrary<Buffer>;
  /** One check takes milliseconds, so that the tests do fewer of them. */
  readonly isSlow?: boolean;
  /** Throws when something does not hold. Synchronous, without side effects that stay. */
  readonly check: (input: Buffer) => void;
}
