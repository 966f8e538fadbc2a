import type { Row } from '../row.js';
import { failingDisk, fullDisk, manyStatuses } from './l-storage/journal.js';
import { closedPipe, fullLogDisk, rotatedLog, stoppedReader } from './l-storage/log.js';

/** Family L: disks and logs. */
export const rows: readonly Row[] = [
  {
    id: 'L01',
    fault: "the log's disk is full",
    required: 'the agent lives; what was dropped is counted; recovers by itself',
    tier: 'fast',
    needs: ['root'],
    run: fullLogDisk,
  },
  {
    id: 'L02',
    fault: "the journal's disk is full",
    required: 'new operations are refused before EXECUTING; sessions live',
    tier: 'fast',
    needs: ['root'],
    run: fullDisk,
  },
  {
    id: 'L03',
    fault: 'I/O errors, a read-only mount, a slow disk',
    required: 'as L02; the event loop does not stall',
    tier: 'full',
    needs: ['strace'],
    limitMs: 90_000,
    run: failingDisk,
  },
  {
    id: 'L04',
    fault: 'the log is rotated or removed',
    required: 'written on, or opened anew',
    tier: 'fast',
    run: rotatedLog,
  },
  { id: 'L05', fault: 'standard output is a closed pipe', required: 'no crash', tier: 'fast',
    run: closedPipe },
  {
    id: 'L06',
    fault: 'the reader of the log stops',
    required: 'sessions and the link go on',
    tier: 'full',
    run: stoppedReader,
  },
  {
    id: 'L07',
    fault: '100,000 statuses waiting after a week offline',
    required: 'bounded, the most important kept, sent at a bounded rate',
    tier: 'full',
    limitMs: 240_000,
    run: manyStatuses,
  },
];
