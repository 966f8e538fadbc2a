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
    argued:
      'EXECUTING is not sent first: no source says that the platform wants it, and a status less is a status less that can be lost',
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
    required: 'left alone: never answered, never failed',
    argued: 'not counted: operations of other kinds are the everyday business of other agents on the device',
    tier: 'fast',
    run: foreignKind,
  },
  {
    id: 'C05',
    fault: 'the same operation again while dialling, while bridged, and after its end',
    required: 'no second dial; the final status is sent again when the cloud does not show it',
    argued:
      '"when the cloud does not show it" is a minute after it was confirmed, so that a slow cloud is not told twice',
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
    argued:
      'the second one is not even dialled: a key is good for one connection, and the gateway sees the double before the cloud does',
    tier: 'fast',
    run: sharedKey,
  },
  {
    id: 'C07',
    fault: 'the operation is cancelled or deleted while queued, dialling, or bridged',
    required:
      "before the bridge: sockets closed within two seconds, and nothing is told after what the user did; after it the session ends with the cloud's end",
    argued:
      'two seconds instead of one: nothing notifies of a cancelled operation, so it is looked at twice a second from half a second on',
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
    required: 'dropped, logged and not sent again; the session and its final status go on',
    argued:
      '"not dialled" was asked for. No source says that the platform ever refuses EXECUTING; waiting for its answer would add a round trip to each session; and of two agents with one identity only one gets a tunnel, as the key is good for one',
    tier: 'fast',
    run: refusedExecuting,
  },
  {
    id: 'C12',
    fault: 'the agent is killed between EXECUTING and the dial',
    required: 'after the restart FAILED agent-restarted, never dialled twice',
    argued:
      'a dial that had not begun is not made up for after the restart: that cannot be told from one that had, and the key may be spent',
    tier: 'fast',
    run: beforeDial,
  },
  {
    id: 'C13',
    fault: 'the agent is killed after the bridge, before SUCCESSFUL was confirmed',
    required: 'after the restart the final status is sent',
    argued: 'the cloud is asked first, so that a status that it has is not told again',
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
    argued: 'there is no queue: what exceeds limits.sessionsPerTarget fails at once with limit-reached',
    tier: 'full',
    limitMs: 180_000,
    run: tenThousand,
  },
  {
    id: 'C17',
    fault: 'a burst to one dead target',
    required: 'other targets are not held up; beyond the limit FAILED limit-reached',
    argued:
      'connecting sessions count as sessions: 64 to one target by default, so there is no limit of its own for dialling',
    tier: 'full',
    needs: ['nft'],
    run: deadTarget,
  },
  {
    id: 'C18',
    fault: 'an operation comes while the agent shuts down or hands over',
    required: 'the old process does not claim it; the next one finds it',
    argued: 'one that was admitted just before SIGTERM is failed with cancelled, or comes through',
    tier: 'full',
    run: whileItEnds,
  },
];
