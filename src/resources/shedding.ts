import type { SessionWeight } from '../../contract/messages.js';
import { SHED_MEMORY_SHARE, type Usage } from './sample.js';

/** Sessions ended at a time: what they held takes a moment to be free, and ending more than needed is a loss. */
const MOST_AT_A_TIME = 8;

/** A session that holds less is not worth its end, in bytes: one frame. */
const LEAST_BYTES = 16_384;

/** The sessions to end, heaviest first: few, and no more than what is needed to get below 95 %. */
export function toShed(
  memory: Usage | undefined,
  weights: readonly SessionWeight[],
): readonly SessionWeight[] {
  if (memory === undefined || memory.limit === 0) return [];
  let excessBytes = memory.used - SHED_MEMORY_SHARE * memory.limit;
  const chosen: SessionWeight[] = [];
  for (const weight of [...weights].sort((a, b) => b.heldBytes - a.heldBytes)) {
    if (excessBytes <= 0 || weight.heldBytes < LEAST_BYTES || chosen.length === MOST_AT_A_TIME) break;
    chosen.push(weight);
    excessBytes -= weight.heldBytes;
  }
  return chosen;
}
