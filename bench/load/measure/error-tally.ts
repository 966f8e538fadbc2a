/** Sentences kept per kind of error; the rest is only counted. */
const MAX_EXAMPLES = 5;

/** Kinds that are told apart; further ones count as `other`. */
const MAX_KINDS = 50;

/** How often something went wrong in one way. */
export interface ErrorCount {
  readonly kind: string;
  readonly count: number;
  /** The first few, in words. */
  readonly examples: readonly string[];
}

/** Errors by kind. */
export class ErrorTally {
  readonly #kinds = new Map<string, { count: number; readonly examples: string[] }>();
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(kind: string, sentence: string): void {
    this.#total += 1;
    const isNew = !this.#kinds.has(kind);
    const name = isNew && this.#kinds.size >= MAX_KINDS ? 'other' : kind;
    const known = this.#kinds.get(name) ?? { count: 0, examples: [] };
    known.count += 1;
    if (known.examples.length < MAX_EXAMPLES) known.examples.push(sentence);
    this.#kinds.set(name, known);
  }

  /** The most frequent first. */
  list(): ErrorCount[] {
    return [...this.#kinds]
      .map(([kind, { count, examples }]) => ({ kind, count, examples: [...examples] }))
      .sort((left, right) => right.count - left.count);
  }
}
