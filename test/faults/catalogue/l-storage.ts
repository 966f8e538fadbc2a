import { NOT_WRITTEN, type Row } from '../row.js';

/** Family L: disks and logs. */
export const rows: readonly Row[] = [
  {
    id: 'L01',
    fault: "the log's disk is full",
    required: 'the agent lives; what was dropped is counted; recovers by itself',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'L02',
    fault: "the journal's disk is full",
    required: 'new operations are refused before EXECUTING; sessions live',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'L03',
    fault: 'I/O errors, a read-only mount, a slow disk',
    required: 'as L02; the event loop does not stall',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'L04',
    fault: 'the log is rotated or removed',
    required: 'written on, or opened anew',
    notRun: NOT_WRITTEN,
  },
  { id: 'L05', fault: 'standard output is a closed pipe', required: 'no crash', notRun: NOT_WRITTEN },
  {
    id: 'L06',
    fault: 'the reader of the log stops',
    required: 'sessions and the link go on',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'L07',
    fault: '100,000 statuses waiting after a week offline',
    required: 'bounded, the most important kept, sent at a bounded rate',
    notRun: NOT_WRITTEN,
  },
];
