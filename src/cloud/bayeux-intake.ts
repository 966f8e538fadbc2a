import { BayeuxClient, NotificationsRefused } from './bayeux-client.js';
import { deliver } from './delivery.js';
import type { ParsedOperation } from './intake.js';
import { sentenceOf } from './link-error.js';
import type { Log } from './log.js';
import { pause } from './pause.js';
import type { RestClient } from './rest-client.js';
import { hasStatus } from './rest-error.js';
import type { Sweep } from './sweep.js';
import type { Timing } from './timing.js';
import type { OnViolation } from './violation.js';

export interface BayeuxIntakeOptions {
  readonly rest: RestClient;
  readonly sweep: Sweep;
  readonly timing: Timing;
  readonly parseOperation: (document: unknown) => ParsedOperation;
  readonly onOperation: (parsed: ParsedOperation) => void;
  readonly onViolation: OnViolation;
  readonly log: Log;
}

/** One connection: operations as the cloud creates them, or from its list where notifications are refused. */
export class BayeuxIntake {
  readonly #options: BayeuxIntakeOptions;
  #saidRefused = false;

  constructor(options: BayeuxIntakeOptions) {
    this.#options = options;
  }

  /**
   * Runs until the connection ends or `signal` aborts. Calls `onUp` once operations can be received.
   * @throws LinkError, RestError
   */
  async run(agentId: string, signal: AbortSignal, onUp: () => void): Promise<void> {
    const { rest, timing } = this.#options;
    const client = new BayeuxClient({ rest, timing, agentId, signal });
    try {
      await client.handshake();
      await client.subscribe();
    } catch (error) {
      if (!(error instanceof NotificationsRefused) && !hasStatus(error, 403, 404)) throw error;
      return this.#pollList(agentId, signal, onUp, sentenceOf(error));
    }
    this.#saidRefused = false;
    onUp();
    // Subscribed first, then the list: what is created in between arrives twice, never not at all.
    const sweeping = this.#options.sweep.run(agentId, signal);
    try {
      await this.#pollLoop(client, signal);
    } finally {
      if (signal.aborted) await Promise.all([client.disconnect(), sweeping]);
    }
  }

  async #pollLoop(client: BayeuxClient, signal: AbortSignal): Promise<void> {
    const { timing, log, onViolation } = this.#options;
    while (!signal.aborted) {
      const gap = pause(timing.pollGapMs, signal);
      const poll = await client.poll();
      if (poll.unmatched > 0) {
        onViolation('unmatched', poll.unmatched);
        log.debug({ messages: poll.unmatched }, 'unmatched notification messages');
      }
      await deliver(poll.documents, this.#options, signal);
      await pause(poll.intervalMs, signal);
      await gap;
    }
  }

  /** The fall-back: the PENDING list every few seconds, and notifications again after a while. */
  async #pollList(agentId: string, signal: AbortSignal, onUp: () => void, why: string): Promise<void> {
    const { sweep, timing, log } = this.#options;
    const polls = Math.ceil(timing.fallbackMs / timing.fallbackPollMs);
    for (let poll = 0; poll < polls && !signal.aborted; poll += 1) {
      await sweep.once(agentId, signal);
      if (poll === 0) onUp();
      if (!this.#saidRefused) {
        this.#saidRefused = true;
        log.warn(
          { cause: why, everyMs: timing.fallbackPollMs },
          'real-time notifications are refused; polling the list of operations instead',
        );
      }
      await pause(timing.fallbackPollMs, signal);
    }
  }
}
