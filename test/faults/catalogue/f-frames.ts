import { NOT_WRITTEN, type Row } from '../row.js';

/** Family F: WebSocket frames. */
export const rows: readonly Row[] = [
  {
    id: 'F01',
    fault: 'binary messages of the boundary sizes, in chopped writes',
    required: 'byte-exact; an empty one forwards nothing and ends nothing',
    notRun: NOT_WRITTEN,
  },
  { id: 'F02', fault: 'a text message', required: 'forwarded as bytes', notRun: NOT_WRITTEN },
  {
    id: 'F03',
    fault: 'pings and pongs, of 0 to 126 bytes, unsolicited, chopped',
    required: 'a pong with the same payload; 126 bytes end with 1002',
    notRun: NOT_WRITTEN,
  },
  { id: 'F04', fault: 'a flood of pings', required: 'bounded memory; closed with 1008', notRun: NOT_WRITTEN },
  { id: 'F05', fault: 'reserved bits', required: 'closed with 1002', notRun: NOT_WRITTEN },
  { id: 'F06', fault: 'reserved opcodes', required: 'closed with 1002', notRun: NOT_WRITTEN },
  {
    id: 'F07',
    fault: 'fragmented messages, legal and not',
    required: 'the legal ones byte-exact, the others closed with 1002',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'F08',
    fault: '200,000 empty fragments, one-byte fragments of 16 MiB',
    required: 'constant memory, bounded work',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'F09',
    fault: 'text that is not UTF-8',
    required: 'closed with 1007, or forwarded as bytes where we decided so',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'F10',
    fault: 'close frames: normal, twice, malformed, long reason',
    required: 'answered, then FIN; nothing after a close is forwarded',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'F11',
    fault: 'the close codes that are valid',
    required: 'a clean close with its reason',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'F12',
    fault: 'the close codes that are not valid',
    required: 'closed with 1002',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'F13',
    fault: 'messages up to 16 MiB, whole, in fragments, chopped',
    required: 'byte-exact within the memory of a session',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'F14',
    fault: 'lengths of 2^53 and 2^63, 16 MiB and one, non-minimal',
    required: 'bounded: streamed, or closed with 1002 or 1009',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'F15',
    fault: '1,000 messages back and forth',
    required: 'all arrive; latency is told',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'F16',
    fault: 'a message fragmented by the sender on its own',
    required: 'byte-exact',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'F17',
    fault: 'compressed frames although compression was not offered',
    required: 'closed with 1002',
    notRun: NOT_WRITTEN,
  },
  { id: 'F18', fault: 'a masked frame from the server', required: 'closed with 1002', notRun: NOT_WRITTEN },
  {
    id: 'F19',
    fault: 'a part of a frame header, then silence',
    required: 'closed by the ping deadline',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'F20',
    fault: '16 MiB announced, one byte a second',
    required: 'bounded memory, each byte forwarded or the stall deadline',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'F21',
    fault: 'random bytes and flipped bits in a recorded session',
    required: 'an end with an error; no crash; no byte forwarded that was not payload',
    notRun: NOT_WRITTEN,
  },
];
