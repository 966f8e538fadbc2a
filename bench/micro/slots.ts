import { SlotPool, type SlotOwner } from '../../workers/relay/slot-pool.js';
import type { MicroBench } from './harness/micro-bench.js';

/** A keystroke's slot and a full read's. */
const SLOT_BYTES = [4_096, 65_536] as const;

/** Slots in flight at a time: what 16 sessions with four writes each keep busy. */
const IN_FLIGHT = 64;

/** Taking slots and giving them back. */
export function slotBenches(): readonly MicroBench[] {
  return [...SLOT_BYTES.map(oneSlot), manySlots()];
}

const OWNER: SlotOwner = { onWritten: () => undefined };

function oneSlot(bytes: number): MicroBench {
  return {
    name: `slot of ${bytes} B taken and given back`,
    prepare: () => {
      const pool = new SlotPool();
      return { run: () => pool.give(pool.take(bytes, OWNER)) };
    },
  };
}

function manySlots(): MicroBench {
  return {
    name: `slot taken and given back, ${IN_FLIGHT} in flight`,
    operations: IN_FLIGHT,
    prepare: () => {
      const pool = new SlotPool();
      const run = (): void => {
        const slots = Array.from({ length: IN_FLIGHT }, () => pool.take(65_536, OWNER));
        for (const slot of slots) pool.give(slot);
      };
      return { run };
    },
  };
}
