import path from 'node:path';
import { AuditLog } from '../audit/audit-log.js';
import type { EndFact } from '../audit/fact.js';
import { unsettledLogs, type Head } from '../audit/head.js';
import { logFiles } from '../audit/log-files.js';
import { unfinished, type RecentEnd } from '../audit/unfinished.js';
import { errnoOf } from '../journal/state-error.js';
import type { Log } from '../log/log.js';
import { within } from '../within.js';

/** Longest time for a log that the configuration does not name any more, in ms: its disk may be gone. */
const FORMER_LOG_MS = 5_000;

export interface GatewayRecoveryParts {
  /** The log of the configuration; undefined = none is kept. */
  readonly file: string | undefined;
  readonly stateDirectory: string | undefined;
  readonly log: Log;
  /** The cloud's clock, in ms since 1970. */
  readonly now: () => number;
  /** A session has to be ended in the log of the configuration, and told of. */
  readonly onMissing: (fact: EndFact) => void;
  /** The end of a session stands in another log now. */
  readonly onEnded: (fact: EndFact, place: Head | undefined) => void;
  /** The end of a session stood in a log, and its event may not have been written down. */
  readonly onRecent: (end: RecentEnd) => void;
}

/**
 * Ends in the log, each in its own, the sessions that generations left which are gone. The configuration may name another
 * file by now, or none: then the head files in the state directory know where the logs are.
 */
export class GatewayRecovery {
  readonly #parts: GatewayRecoveryParts;

  constructor(parts: GatewayRecoveryParts) {
    this.#parts = parts;
  }

  /** `isAlone`: no other generation is alive. Never rejects. */
  async endMissing(isGone: (generation: number) => boolean, isAlone: boolean): Promise<void> {
    const { file, stateDirectory } = this.#parts;
    if (file !== undefined) await this.#guarded(file, this.#inOwn(file, isGone));
    const all = stateDirectory === undefined ? [] : await unsettledLogs(stateDirectory);
    const own = file === undefined ? undefined : path.resolve(file);
    for (const former of all.filter((each) => each !== own))
      await within(FORMER_LOG_MS, this.#guarded(former, this.#inFormer(former, isGone, isAlone)));
  }

  async #inOwn(file: string, isGone: (generation: number) => boolean): Promise<void> {
    const { missing, recent } = await unfinished(file, isGone, this.#parts.now());
    for (const end of recent) this.#parts.onRecent(end);
    // The disk may fail; what is written then waits for it, in this order.
    for (const fact of missing) this.#parts.onMissing(fact);
  }

  async #inFormer(file: string, isGone: (generation: number) => boolean, isAlone: boolean): Promise<void> {
    const { log, now, stateDirectory, onRecent, onEnded } = this.#parts;
    const { missing, recent } = await unfinished(file, isGone, now());
    for (const end of recent) onRecent(end);
    const former = new AuditLog({ path: file, stateDirectory, log, now });
    const places = await Promise.all(
      missing.map(async (fact) => {
        const place = await former.record(fact, 'fact').catch(() => undefined);
        onEnded(fact, place);
        return place;
      }),
    );
    // Nobody writes it any more, so that it need not be read at every start; one whose disk is away has still to be.
    const isRead = (await logFiles(file)).length > 0;
    if (isAlone && isRead && !places.includes(undefined)) await former.settle();
    await former.close();
  }

  async #guarded(file: string, work: Promise<void>): Promise<void> {
    await work.catch((error: unknown) => {
      this.#parts.log.error(
        { file: path.basename(file), cause: errnoOf(error) },
        'the audit log cannot be read: ends of sessions are missing',
      );
    });
  }
}
