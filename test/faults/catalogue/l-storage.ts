import type { Row } from '../row.js';
import { failingDisk, fullDisk, manyStatuses } from './l-storage/journal.js';
import { closedPipe, fullLogDisk, rotatedLog, stoppedReader } from './l-storage/log.js';

/** Family L: disks and logs. */
export const rows: readonly Row[] = [
  {
    id: 'L01',
    fault: "the log's disk is full",
    required: 'the agent lives; what was dropped is counted; recovers by itself',
    argued:
      'what is dropped is counted; fifteen sessions make too few lines for that, so none may be missing',
    tier: 'fast',
    needs: ['root'],
    run: fullLogDisk,
  },
  {
    id: 'L02',
    fault: "the journal's disk is full",
    required: 'new operations are refused before EXECUTING; sessions live',
    argued:
      'a final status is sent although it cannot be journalled: a user who waits for it matters more than a repeat after a crash',
    tier: 'full',
    needs: ['root'],
    run: fullDisk,
  },
  {
    id: 'L03',
    fault: 'I/O errors, a read-only mount, a slow disk',
    required: 'as L02; the event loop does not stall',
    argued:
      'a read-only mount is provoked by EROFS of each write: a mount with an open file cannot be made read-only, only an error does that. The slow disk takes 8 s for each sync, as more than 5 s are not waited for',
    tier: 'full',
    needs: ['strace'],
    limitMs: 90_000,
    run: failingDisk,
  },
  {
    id: 'L04',
    fault: 'the log is rotated or removed',
    required: 'appended to after a truncation (copytruncate); a removed file does no harm',
    argued: 'the log is standard output: there is no file of our own to open anew',
    tier: 'fast',
    run: rotatedLog,
  },
  {
    id: 'L05',
    fault: 'standard output is a closed pipe',
    required: 'no crash',
    tier: 'fast',
    run: closedPipe,
  },
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
    required:
      'at most 10,000 wait, whatever comes; over a restart too, every operation gets its final status',
    argued:
      '12,000 refused operations stand for a week: what exceeds the bound stays PENDING in the cloud and is handled from its list later, so nothing is chosen to be lost. Sixteen at a time bound the rate instead of 20 a second, with which a burst of 10,000 would take eight minutes',
    tier: 'full',
    limitMs: 240_000,
    run: manyStatuses,
  },
];
