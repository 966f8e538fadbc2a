import { CLOUD_ID, MAX_REPLY_BYTES } from '../../contract/limits.js';
import { agentRestarted } from './agent-restarted.js';
import type { Backoff } from './backoff.js';
import type { CloudClock } from './cloud-clock.js';
import { deliver } from './delivery.js';
import type { ParsedOperation, StatusReporter } from './intake.js';
import { JsonError, parseJson } from './json-document.js';
import { RawDocument } from './json-envelope.js';
import { property } from './json-value.js';
import { paceOf, sentenceOf } from './link-error.js';
import type { Log } from './log.js';
import { listOperations } from './operation-list.js';
import { REMOTE_ACCESS_FRAGMENT } from './operation.js';
import { isAborted, pause } from './pause.js';
import type { RestClient } from './rest-client.js';

export interface SweepOptions {
  readonly rest: RestClient;
  readonly clock: CloudClock;
  readonly status: StatusReporter;
  readonly parseOperation: (document: unknown) => ParsedOperation;
  readonly onOperation: (parsed: ParsedOperation) => void;
  /** True for an operation that this process works on. */
  readonly isOurs: (operationId: string) => boolean;
  /** How long this process runs, in ms, by a clock that only goes up. */
  readonly uptimeMs: () => number;
  readonly backoff: Backoff;
  readonly sweepMs: number;
  readonly log: Log;
}

/**
 * Reads the cloud's list of operations: it is the queue of record, notifications only make it quick. PENDING ones are
 * delivered; EXECUTING ones that an earlier run left behind are failed, once per process.
 */
export class Sweep {
  readonly #options: SweepOptions;
  #leftoversDone = false;

  constructor(options: SweepOptions) {
    this.#options = options;
  }

  /** Sweeps now and every `sweepMs`, with back-off after a failure, until `signal` aborts. Never rejects. */
  async run(agentId: string, signal: AbortSignal): Promise<void> {
    const { backoff, sweepMs, log } = this.#options;
    let failing = false;
    while (!signal.aborted) {
      try {
        await this.once(agentId, signal);
        if (failing) log.info({}, 'the list of operations can be read again');
        failing = false;
        backoff.reset();
        await pause(sweepMs, signal);
      } catch (error) {
        if (!failing && !isAborted(signal)) {
          log.warn({ cause: sentenceOf(error) }, 'the list of operations cannot be read');
        }
        failing = true;
        await pause(backoff.next(paceOf(error)), signal);
      }
    }
  }

  /** One sweep. @throws RestError */
  async once(agentId: string, signal: AbortSignal): Promise<void> {
    const { rest } = this.#options;
    if (!this.#leftoversDone) {
      await this.#failLeftovers(agentId, signal);
      this.#leftoversDone = true;
    }
    const pending = await listOperations(rest, agentId, 'PENDING', signal);
    await deliver(pending, this.#options, signal);
  }

  async #failLeftovers(agentId: string, signal: AbortSignal): Promise<void> {
    const { rest, clock, status, uptimeMs, isOurs, log } = this.#options;
    const executing = await listOperations(rest, agentId, 'EXECUTING', signal);
    const startedByCloudMs = clock.now() - uptimeMs();
    for (const document of executing.map(valueOf)) {
      const id = property(document, 'id');
      const deviceId = property(document, 'deviceId');
      if (!isCloudId(id) || !isCloudId(deviceId) || isOurs(id)) continue;
      if (property(document, REMOTE_ACCESS_FRAGMENT) === undefined) continue;
      const created = property(document, 'creationTime');
      // Not String(…): an object with a member `toString` would throw, and no sweep would ever come to its end.
      const createdAtMs = typeof created === 'string' ? Date.parse(created) : NaN;
      // One that is younger than we are, or of unknown age, belongs to another process that has taken over, or is about to be ours.
      if (!(createdAtMs < startedByCloudMs)) continue;
      log.warn({ operationId: id }, 'operation left by an earlier run is failed');
      status.report(agentRestarted(id, deviceId));
    }
  }
}

/** The document, or undefined when it is no good JSON. */
function valueOf(document: unknown): unknown {
  if (!(document instanceof RawDocument)) return document;
  try {
    return parseJson(document.bytes, { maxBytes: MAX_REPLY_BYTES });
  } catch (error) {
    if (error instanceof JsonError) return undefined;
    throw error;
  }
}

function isCloudId(value: unknown): value is string {
  return typeof value === 'string' && CLOUD_ID.test(value);
}
