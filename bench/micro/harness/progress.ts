const CLEAR_LINE = '\r\u001b[K';

/** One line that tells what runs now; silent where nobody watches. */
export class Progress {
  constructor(private readonly stream: { readonly isTTY?: boolean; write(text: string): unknown }) {}

  /** Shows step `step` of `steps` in the place of the last one. */
  show(step: number, steps: number, what: string): void {
    this.#write(`${CLEAR_LINE}[${step}/${steps}] ${what}`);
  }

  /** Takes the line away. */
  clear(): void {
    this.#write(CLEAR_LINE);
  }

  #write(text: string): void {
    if (this.stream.isTTY === true) this.stream.write(text);
  }
}
