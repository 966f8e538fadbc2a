import type { Row } from '../row.js';
import {
  manyReloads,
  newOneDies,
  newOneFails,
  oldOneDies,
  reloads,
  twoHoldTheLink,
} from './k-shutdown/hand-over.js';
import { machineStops, terminated, terminatedTwice } from './k-shutdown/stop.js';

/** Family K: shutdown and hand-over. */
export const rows: readonly Row[] = [
  {
    id: 'K01',
    fault: 'SIGTERM with live sessions',
    required: 'no new claims; sessions end within the deadline with 1001',
    tier: 'fast',
    run: terminated,
  },
  {
    id: 'K02',
    fault: 'a second SIGTERM or SIGINT',
    required: 'everything closes at once; no status is lost',
    tier: 'full',
    argued:
      'the exit is immediate, so the statuses are not flushed: they are in the journal, and the next run tells them',
    run: terminatedTwice,
  },
  {
    id: 'K03',
    fault: 'a reload under 50 operations a second',
    required: 'none lost, none doubled; the link is away for a second at most',
    tier: 'full',
    run: reloads,
  },
  {
    id: 'K04',
    fault: 'the new generation does not start',
    required: 'the old one keeps everything; the reload reports the failure',
    tier: 'full',
    run: newOneFails,
  },
  {
    id: 'K05',
    fault: 'the new generation dies right after it took over',
    required: 'the old one takes the link back, or the parent starts another',
    tier: 'full',
    run: newOneDies,
  },
  {
    id: 'K06',
    fault: 'the old generation dies while it drains',
    required: 'its sessions end; the new one finishes its statuses',
    tier: 'fast',
    run: oldOneDies,
  },
  {
    id: 'K07',
    fault: '50 reloads with long sessions',
    required: 'a bounded number of old generations',
    tier: 'full',
    limitMs: 150_000,
    argued:
      '11 reloads, because a bound shows as soon as it is reached; `dist/test/upgrades.js` does as many as one likes',
    run: manyReloads,
  },
  {
    id: 'K08',
    fault: 'two generations hold the link for a moment',
    required: 'no double dial',
    tier: 'full',
    run: twoHoldTheLink,
  },
  {
    id: 'K09',
    fault: 'the machine shuts down',
    required: 'as SIGTERM with its deadline',
    tier: 'fast',
    run: machineStops,
  },
];
