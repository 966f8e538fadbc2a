import { NOT_WRITTEN, type Row } from '../row.js';

/** Family K: shutdown and hand-over. */
export const rows: readonly Row[] = [
  {
    id: 'K01',
    fault: 'SIGTERM with live sessions',
    required: 'no new claims; sessions end within the deadline with 1001',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'K02',
    fault: 'a second SIGTERM or SIGINT',
    required: 'everything closes at once; statuses flushed within 2 s',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'K03',
    fault: 'a reload under 50 operations a second',
    required: 'none lost, none doubled; the link is away for a second at most',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'K04',
    fault: 'the new generation does not start',
    required: 'the old one keeps everything; the reload reports the failure',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'K05',
    fault: 'the new generation dies right after it took over',
    required: 'the old one takes the link back, or the parent starts another',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'K06',
    fault: 'the old generation dies while it drains',
    required: 'its sessions end; the new one finishes its statuses',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'K07',
    fault: '50 reloads with long sessions',
    required: 'a bounded number of old generations',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'K08',
    fault: 'two generations hold the link for a moment',
    required: 'no double dial',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'K09',
    fault: 'the machine shuts down',
    required: 'as SIGTERM with its deadline',
    notRun: NOT_WRITTEN,
  },
];
