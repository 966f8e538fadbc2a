import assert from 'node:assert/strict';
import type { Platform } from '../../simulator/platform.js';
import type { Operation } from '../../simulator/store/operations.js';

/** Every status that every operation of a platform ever had, in the order the platform took them. */
export class Ledger {
  readonly #updates = new Map<string, Operation[]>();

  constructor(platform: Platform) {
    platform.on('operationCreated', (operation) => this.#updates.set(operation.id, [operation]));
    platform.on('operationUpdated', (operation) => {
      this.#updates.set(operation.id, [...(this.#updates.get(operation.id) ?? []), operation]);
    });
  }

  /** `PENDING EXECUTING SUCCESSFUL`, or `PENDING FAILED policy-denied`: with the code of the failure. */
  story(id: string): string {
    return (this.#updates.get(id) ?? [])
      .flatMap(({ status, failureReason }) => [status, ...codeOf(failureReason)])
      .join(' ');
  }

  /** The final status of an operation; undefined as long as it has none. */
  finalOf(id: string): string | undefined {
    const last = this.#updates.get(id)?.at(-1);
    return isFinal(last) ? last?.status : undefined;
  }

  /** How many operations have their final status. */
  get finished(): number {
    return [...this.#updates.values()].filter((updates) => isFinal(updates.at(-1))).length;
  }

  /**
   * Fails unless every operation went from PENDING over at most one EXECUTING to exactly one final status. Over MQTT a
   * connection that is lost before the PUBACK makes the agent publish a status again: with `repeats` the very same
   * status may stand there twice, never another one.
   */
  assertOneFinalStatusEach({ repeats = false } = {}): void {
    const wrong = [...this.#updates.keys()]
      .map((id) => `${id}: ${repeats ? withoutRepeats(this.story(id)) : this.story(id)}`)
      .filter((line) => !/^\d+: PENDING( EXECUTING)? (SUCCESSFUL|FAILED [a-z-]+)$/.test(line));
    assert.deepEqual(wrong, []);
  }
}

function withoutRepeats(story: string): string {
  return story.replace(/(EXECUTING|SUCCESSFUL|FAILED [a-z-]+)( \1)+/g, '$1');
}

function isFinal(operation: Operation | undefined): boolean {
  return operation?.status === 'SUCCESSFUL' || operation?.status === 'FAILED';
}

/** The code that a failureReason opens with. */
export function codeOf(failureReason: string | undefined): string[] {
  return failureReason === undefined ? [] : [failureReason.split(':')[0] ?? ''];
}
