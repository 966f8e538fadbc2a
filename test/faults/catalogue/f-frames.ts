import type { Row } from '../row.js';
import { compressed, playing } from './f-frames/conformance.js';
import { fragmentFlood, pingFlood } from './f-frames/floods.js';
import { drip, flipped, headerThenSilence, lengths, masked } from './f-frames/malformed.js';

/** Family F: WebSocket frames. */
export const rows: readonly Row[] = [
  {
    id: 'F01',
    fault: 'binary messages of the boundary sizes, in chopped writes',
    required: 'byte-exact; an empty one forwards nothing and ends nothing',
    tier: 'fast',
    run: playing('1.'),
  },
  {
    id: 'F02',
    fault: 'a text message',
    required: 'forwarded as bytes',
    argued:
      'Not refused with 1003: text is legal in RFC 6455 (decision 0014). There is no counter for it: nothing follows from its number.',
    tier: 'full',
    run: playing('1.1.', '6.1.', '6.2.'),
  },
  {
    id: 'F03',
    fault: 'pings and pongs, of 0 to 126 bytes, unsolicited, chopped',
    required: 'a pong with the same payload; 126 bytes end with 1002',
    tier: 'fast',
    run: playing('2.'),
  },
  {
    id: 'F04',
    fault: 'a flood of pings',
    required: 'bounded memory; closed with 1008',
    tier: 'full',
    run: pingFlood,
  },
  { id: 'F05', fault: 'reserved bits', required: 'closed with 1002', tier: 'full', run: playing('3.') },
  { id: 'F06', fault: 'reserved opcodes', required: 'closed with 1002', tier: 'full', run: playing('4.') },
  {
    id: 'F07',
    fault: 'fragmented messages, legal and not',
    required: 'the legal ones byte-exact, the others closed with 1002',
    tier: 'fast',
    run: playing('5.'),
  },
  {
    id: 'F08',
    fault: '200,000 empty fragments, one-byte fragments of 16 MiB',
    required: 'constant memory, bounded work',
    tier: 'full',
    run: fragmentFlood,
  },
  {
    id: 'F09',
    fault: 'text that is not UTF-8',
    required: 'closed with 1007 at the first wrong byte; valid text is forwarded',
    argued:
      'What stands in front of the wrong byte has been delivered: a tunnel is a stream and holds no message back.',
    tier: 'full',
    run: playing('6.'),
  },
  {
    id: 'F10',
    fault: 'close frames: normal, twice, malformed, long reason',
    required: 'answered, then FIN; nothing after a close is forwarded',
    tier: 'fast',
    run: playing('7.1.', '7.3.', '7.5.'),
  },
  {
    id: 'F11',
    fault: 'the close codes that are valid',
    required: 'a clean close with its reason',
    tier: 'full',
    run: playing('7.7.'),
  },
  {
    id: 'F12',
    fault: 'the close codes that are not valid',
    required: 'closed with 1002',
    tier: 'full',
    run: playing('7.9.', '7.13.'),
  },
  {
    id: 'F13',
    fault: 'messages up to 16 MiB, whole, in fragments, chopped',
    required: 'byte-exact within the memory of a session',
    tier: 'full',
    run: playing('9.1.', '9.2.', '9.3.', '9.4.', '9.5.', '9.6.'),
  },
  {
    id: 'F14',
    fault: 'lengths of 2^53 and 2^63, 16 MiB and one, non-minimal',
    required:
      '1009 above limits.maxMessage, 1002 from 2^63; the payload of a non-minimal length is forwarded',
    argued:
      'A longer form than needed is taken, as ws takes it: there is one way to read it, and refusing it would end sessions that work.',
    tier: 'fast',
    run: lengths,
  },
  {
    id: 'F15',
    fault: '1,000 messages back and forth',
    required: 'all arrive; latency is told',
    tier: 'full',
    run: playing('9.7.', '9.8.'),
  },
  {
    id: 'F16',
    fault: 'a message fragmented by the sender on its own',
    required: 'byte-exact',
    tier: 'full',
    run: playing('10.'),
  },
  {
    id: 'F17',
    fault: 'compressed frames although compression was not offered',
    required: 'closed with 1002',
    tier: 'fast',
    run: compressed,
  },
  {
    id: 'F18',
    fault: 'a masked frame from the server',
    required: 'closed with 1002',
    tier: 'fast',
    run: masked,
  },
  {
    id: 'F19',
    fault: 'a part of a frame header, then silence',
    required: 'closed by the ping deadline',
    tier: 'full',
    run: headerThenSilence,
  },
  {
    id: 'F20',
    fault: '16 MiB announced, one byte a second',
    required: 'bounded memory, each byte forwarded or the stall deadline',
    tier: 'full',
    run: drip,
  },
  {
    id: 'F21',
    fault: 'random bytes and flipped bits in a recorded session',
    required: 'an end with an error; no crash; no byte forwarded that was not payload',
    tier: 'full',
    run: flipped,
  },
];
