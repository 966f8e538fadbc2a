import type { ReloadView } from '../backend.js';

/** Reloads that are kept; the log has all of them. */
export const MAX_RELOADS = 10;

/** Changes that are kept of each, and problems of one that was refused. */
export const MAX_RELOAD_LINES = 50;

/** What reloads changed, or why they could not. */
export class ReloadLog {
  #reloads: readonly ReloadView[] = [];

  note(reload: ReloadView): void {
    this.#keep([...this.#reloads, reload]);
  }

  /** Takes over what an earlier generation knows. */
  seed(earlier: readonly ReloadView[]): void {
    const known = new Set(this.#reloads.map(({ at }) => at));
    this.#keep([...earlier.filter(({ at }) => !known.has(at)), ...this.#reloads]);
  }

  /** Oldest first; a new list after each change. */
  list(): readonly ReloadView[] {
    return this.#reloads;
  }

  #keep(reloads: readonly ReloadView[]): void {
    this.#reloads = reloads.toSorted((a, b) => (a.at < b.at ? -1 : 1)).slice(-MAX_RELOADS);
  }
}
