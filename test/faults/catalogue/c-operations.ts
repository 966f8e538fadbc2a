import { NOT_WRITTEN, type Row } from '../row.js';

/** Family C: the life of an operation. */
export const rows: readonly Row[] = [
  {
    id: 'C01',
    fault: 'a malformed operation',
    required: 'FAILED invalid-operation, nothing dialled, no worker involved',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'C02',
    fault: 'an operation for a device that is not ours',
    required: 'FAILED, nothing dialled',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'C03',
    fault: 'an operation for a child device of the gateway',
    required: 'it runs; the status goes to that operation',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'C04',
    fault: 'an operation of a kind that we do not support',
    required: 'left alone, counted',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'C05',
    fault: 'the same operation again while dialling, while bridged, and after its end',
    required: 'no second dial; the final status is sent again when the cloud does not show it',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'C06',
    fault: 'one connection key in two operations',
    required: 'at most one session; the other fails with a reason about the key',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'C07',
    fault: 'the operation is cancelled or deleted while queued, dialling, or bridged',
    required:
      "before the bridge: sockets closed within a second, never SUCCESSFUL; after it the session ends with the cloud's end",
    notRun: NOT_WRITTEN,
  },
  {
    id: 'C08',
    fault: 'an operation older than the limit is found',
    required: 'FAILED operation-stale, never dialled',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'C09',
    fault: 'an operation from the future, because the clocks differ',
    required: 'its age counts as 0; the skew is measured and reported',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'C10',
    fault: 'SUCCESSFUL could overtake EXECUTING',
    required: 'the statuses of one operation are sent in order',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'C11',
    fault: 'EXECUTING is refused: another agent has it',
    required: 'not dialled',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'C12',
    fault: 'the agent is killed between EXECUTING and the dial',
    required: 'after the restart FAILED agent-restarted, never dialled twice',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'C13',
    fault: 'the agent is killed after the bridge, before SUCCESSFUL was confirmed',
    required: 'after the restart the final status is sent',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'C14',
    fault: 'the journal is lost while the cloud shows operations of ours as EXECUTING',
    required: 'each gets FAILED agent-restarted by its id',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'C15',
    fault: 'the journal is torn at its end, corrupt in the middle, or of a newer version',
    required:
      'the torn record is dropped; a corrupt file is set aside and reported; a newer one is refused with advice',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'C16',
    fault: '10,000 operations in one burst',
    required: 'what exceeds the limits fails at once, the rest runs; the event loop and memory stay bounded',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'C17',
    fault: 'a burst to one dead target',
    required: 'other targets are not held up; beyond the limit FAILED limit-reached',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'C18',
    fault: 'an operation comes while the agent shuts down or hands over',
    required: 'the old process does not claim it; the next one finds it',
    notRun: NOT_WRITTEN,
  },
];
