import type { Row } from '../row.js';
import {
  childDevice,
  duplicates,
  foreignKind,
  forgottenStatus,
  fromTheFuture,
  malformed,
  sharedKey,
  stale,
  strangerDevice,
} from './c-operations/arrival.js';
import { deadTarget, tenThousand } from './c-operations/bursts.js';
import { beforeAck, beforeDial, damagedJournal, lostJournal } from './c-operations/crashes.js';
import { whileItEnds } from './c-operations/shutdown.js';
import { cancelled, inOrder, refusedExecuting } from './c-operations/statuses.js';

/** Family C: the life of an operation. */
export const rows: readonly Row[] = [
  {
    id: 'C01',
    fault: 'a malformed operation',
    required: 'FAILED invalid-operation, nothing dialled, no worker involved',
    tier: 'fast',
    run: malformed,
  },
  {
    id: 'C02',
    fault: 'an operation for a device that is not ours',
    required: 'FAILED, nothing dialled',
    tier: 'fast',
    run: strangerDevice,
  },
  {
    id: 'C03',
    fault: 'an operation for a child device of the gateway',
    required: 'it runs; the status goes to that operation',
    tier: 'fast',
    run: childDevice,
  },
  {
    id: 'C04',
    fault: 'an operation of a kind that we do not support',
    required: 'left alone, counted',
    tier: 'fast',
    run: foreignKind,
  },
  {
    id: 'C05',
    fault: 'the same operation again while dialling, while bridged, and after its end',
    required: 'no second dial; the final status is sent again when the cloud does not show it',
    tier: 'full',
    limitMs: 120_000,
    run: async (rig) => {
      await duplicates(rig);
      await forgottenStatus(rig);
    },
  },
  {
    id: 'C06',
    fault: 'one connection key in two operations',
    required: 'at most one session; the other fails with a reason about the key',
    tier: 'fast',
    run: sharedKey,
  },
  {
    id: 'C07',
    fault: 'the operation is cancelled or deleted while queued, dialling, or bridged',
    required:
      "before the bridge: sockets closed within a second, never SUCCESSFUL; after it the session ends with the cloud's end",
    tier: 'fast',
    needs: ['nft'],
    run: cancelled,
  },
  {
    id: 'C08',
    fault: 'an operation older than the limit is found',
    required: 'FAILED operation-stale, never dialled',
    tier: 'fast',
    run: stale,
  },
  {
    id: 'C09',
    fault: 'an operation from the future, because the clocks differ',
    required: 'its age counts as 0; the skew is measured and reported',
    tier: 'fast',
    needs: ['faketime'],
    run: fromTheFuture,
  },
  {
    id: 'C10',
    fault: 'SUCCESSFUL could overtake EXECUTING',
    required: 'the statuses of one operation are sent in order',
    tier: 'fast',
    run: inOrder,
  },
  {
    id: 'C11',
    fault: 'EXECUTING is refused: another agent has it',
    required: 'not dialled',
    tier: 'fast',
    run: refusedExecuting,
  },
  {
    id: 'C12',
    fault: 'the agent is killed between EXECUTING and the dial',
    required: 'after the restart FAILED agent-restarted, never dialled twice',
    tier: 'fast',
    run: beforeDial,
  },
  {
    id: 'C13',
    fault: 'the agent is killed after the bridge, before SUCCESSFUL was confirmed',
    required: 'after the restart the final status is sent',
    tier: 'fast',
    run: beforeAck,
  },
  {
    id: 'C14',
    fault: 'the journal is lost while the cloud shows operations of ours as EXECUTING',
    required: 'each gets FAILED agent-restarted by its id',
    tier: 'fast',
    run: lostJournal,
  },
  {
    id: 'C15',
    fault: 'the journal is torn at its end, corrupt in the middle, or of a newer version',
    required:
      'the torn record is dropped; a corrupt file is set aside and reported; a newer one is refused with advice',
    tier: 'full',
    run: damagedJournal,
  },
  {
    id: 'C16',
    fault: '10,000 operations in one burst',
    required: 'what exceeds the limits fails at once, the rest runs; the event loop and memory stay bounded',
    tier: 'full',
    limitMs: 180_000,
    run: tenThousand,
  },
  {
    id: 'C17',
    fault: 'a burst to one dead target',
    required: 'other targets are not held up; beyond the limit FAILED limit-reached',
    tier: 'full',
    needs: ['nft'],
    run: deadTarget,
  },
  {
    id: 'C18',
    fault: 'an operation comes while the agent shuts down or hands over',
    required: 'the old process does not claim it; the next one finds it',
    tier: 'full',
    run: whileItEnds,
  },
];
