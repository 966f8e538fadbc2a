import { decisionBenches } from './decisions.js';
import { frameBenches } from './frames.js';
import type { MicroBench } from './harness/micro-bench.js';
import { logLineBenches } from './log-lines.js';
import { maskingBenches } from './masking.js';
import { messageBenches } from './messages.js';
import { operationBenches } from './operations.js';
import { relayingBenches } from './relaying.js';
import { slotBenches } from './slots.js';

/** All micro benches, in the order they run. */
export function suite(): readonly MicroBench[] {
  return [
    ...maskingBenches(),
    ...frameBenches(),
    ...slotBenches(),
    ...relayingBenches(),
    ...messageBenches(),
    ...operationBenches(),
    ...decisionBenches(),
    ...logLineBenches(),
  ];
}
