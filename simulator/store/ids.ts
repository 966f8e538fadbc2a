/** Numeric ids in ascending order, as text, one sequence for everything a tenant keeps. */
export class Ids {
  #last: number;

  /** @param first The first id given out. */
  constructor(first: number) {
    this.#last = first - 1;
  }

  next(): string {
    this.#last += 1;
    return String(this.#last);
  }
}
