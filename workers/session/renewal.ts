/**
 * The question for another Authorization header, from a dial that was answered 401. The main thread has the answer:
 * it fetches tokens, once for all sessions that ask.
 */
export class Renewal {
  #answer: ((authorization: string | undefined) => void) | undefined;

  constructor(private readonly ask: () => void) {}

  /** Resolves with the answer, or with undefined when there is none before `signal` aborts. */
  wait(signal: AbortSignal): Promise<string | undefined> {
    return new Promise((resolve) => {
      const settle = (authorization: string | undefined): void => {
        this.#answer = undefined;
        signal.removeEventListener('abort', onAbort);
        resolve(authorization);
      };
      const onAbort = (): void => settle(undefined);
      if (signal.aborted) return resolve(undefined);
      this.#answer = settle;
      signal.addEventListener('abort', onAbort);
      this.ask();
    });
  }

  /** The answer; one that comes too late is dropped. */
  answered(authorization: string | undefined): void {
    this.#answer?.(authorization);
  }
}
