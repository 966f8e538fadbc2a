import { CLOUD_ID } from '../../contract/limits.js';
import { property } from './json-value.js';
import { isAborted, pause } from './pause.js';
import type { RestClient } from './rest-client.js';
import { hasStatus, RestError } from './rest-error.js';

/** Operations that are asked for in one round: enough for what a user starts, little beside a storm. */
const MAX_ASKED = 8;

export interface CancellationWatchOptions {
  readonly rest: RestClient;
  /** Operations that are EXECUTING but not up, each for so long that its user may have lost patience. */
  readonly watched: () => readonly string[];
  readonly onCancelled: (operationId: string) => void;
  /** Wait between two rounds, in ms. */
  readonly everyMs: number;
}

/**
 * Sees that somebody ended or deleted an operation while it is being connected. Neither `/notification/operations` nor
 * MQTT tell of it, so those few that take long are looked at again and again; a session that is up is not: the cloud
 * ends that one itself.
 */
export class CancellationWatch {
  readonly #options: CancellationWatchOptions;
  /** Rounds so far: in a storm the watched ones take turns. */
  #rounds = 0;

  constructor(options: CancellationWatchOptions) {
    this.#options = options;
  }

  /** Runs until `signal` aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { watched, everyMs } = this.#options;
    while (!signal.aborted) {
      const all = watched();
      const first = all.length <= MAX_ASKED ? 0 : (this.#rounds * MAX_ASKED) % all.length;
      this.#rounds += 1;
      await Promise.all(all.slice(first, first + MAX_ASKED).map((id) => this.#look(id, signal)));
      await pause(everyMs, signal);
    }
  }

  async #look(id: string, signal: AbortSignal): Promise<void> {
    if (!CLOUD_ID.test(id)) return;
    const { rest, onCancelled } = this.#options;
    try {
      const path = `/devicecontrol/operations/${id}`;
      const operation = await rest.send({ method: 'GET', path, signal });
      // PENDING: our EXECUTING is on its way. SUCCESSFUL is ours too, and a reply without status tells nothing.
      if (property(operation, 'status') === 'FAILED' && !isAborted(signal)) onCancelled(id);
    } catch (error) {
      if (!(error instanceof RestError)) throw error;
      if (hasStatus(error, 404, 410) && !isAborted(signal)) onCancelled(id);
      // Anything else is trouble of the link, which others tell of; the next round asks again.
    }
  }
}
