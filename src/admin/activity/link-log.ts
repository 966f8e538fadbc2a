import type { LinkChange } from '../backend.js';

/** Changes that are kept: a link that flaps every few seconds still shows some minutes. */
export const MAX_LINK_CHANGES = 50;

/** How the control connection came and went. */
export class LinkLog {
  #changes: LinkChange[] = [];

  /** @param now wall clock, in ms. */
  constructor(private readonly now: () => number) {}

  /** The state now; the same one again changes nothing but the reason. */
  note(state: LinkChange['state'], reason: string | undefined): void {
    const last = this.#changes.at(-1);
    const why = reason === undefined ? {} : { reason };
    if (last?.state === state) {
      if (last.reason !== reason)
        this.#changes = [...this.#changes.slice(0, -1), { at: last.at, state, ...why }];
      return;
    }
    const change = { at: new Date(this.now()).toISOString(), state, ...why };
    this.#changes = [...this.#changes, change].slice(-MAX_LINK_CHANGES);
  }

  /** Takes over what an earlier generation saw. */
  seed(changes: readonly LinkChange[]): void {
    const [first, ...later] = this.#changes;
    const earlier = changes.filter(({ at }) => first === undefined || at < first.at);
    // A hand-over is no change: the same state goes on.
    const isSame = first !== undefined && first.state === earlier.at(-1)?.state;
    const own = isSame ? later : this.#changes;
    this.#changes = [...earlier, ...own].slice(-MAX_LINK_CHANGES);
  }

  /** Oldest first; a new list after each change. */
  list(): readonly LinkChange[] {
    return this.#changes;
  }
}
