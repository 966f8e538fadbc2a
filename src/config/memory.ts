import os from 'node:os';

/**
 * Memory that this process may use, in bytes: the limit of its control group when there is one, else that of the
 * machine.
 */
export function availableMemory(): number {
  const total = os.totalmem();
  // Node gives 0 where there is no control group, and close to 2^64 where the group sets no limit.
  const constrained = process.constrainedMemory();
  return constrained > 0 && constrained < total ? constrained : total;
}
