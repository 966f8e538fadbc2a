/** Lets a bounded number in at once; the others wait in line, each until its own deadline. */
export class LookupGate {
  readonly #maxInside: number;
  readonly #maxWaiting: number;
  readonly #waiting = new Set<() => void>();
  #inside = 0;

  constructor(maxInside: number, maxWaiting: number) {
    this.#maxInside = maxInside;
    this.#maxWaiting = maxWaiting;
  }

  /** True once inside, and then `leave` has to be called; false when the line is full or `waitMs` are over. */
  async enter(waitMs: number): Promise<boolean> {
    if (this.#inside < this.#maxInside) {
      this.#inside++;
      return true;
    }
    if (this.#waiting.size >= this.#maxWaiting) return false;
    return new Promise((resolve) => {
      const letIn = () => {
        clearTimeout(timer);
        resolve(true);
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(letIn);
        resolve(false);
      }, waitMs);
      this.#waiting.add(letIn);
    });
  }

  /** Hands the place to the one that waited longest. */
  leave(): void {
    const [first] = this.#waiting;
    if (first === undefined) {
      this.#inside--;
      return;
    }
    this.#waiting.delete(first);
    first();
  }
}
