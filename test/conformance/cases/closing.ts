import { broken, close, closed, frame, OPCODE, ping, send, text, type Case, type Frame } from '../case.js';
import { textPayload } from '../payload.js';

const HELLO = 'Hello World!';
const VALID = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999] as const;
const INVALID = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999] as const;
const UNDEFINED = [5000, 65_535] as const;

/** Greek, a surrogate, and more. */
const NOT_UTF8 = Buffer.from('cebae1bdb9cf83cebcceb5eda080656469746564', 'hex');

/** A close frame without a code is answered by one without a code. */
const NO_CODE = 1005;

/** 7: closing. */
export function closingCases(): readonly Case[] {
  return [
    ...order(),
    ...payloads(),
    ...VALID.map((code, at) => closed([`7.7.${at + 1}`, `close code ${code}`], [send([close(code)])], code)),
    ...INVALID.map((code, at) =>
      broken([`7.9.${at + 1}`, `close code ${code}, which is invalid`], [send([close(code)])], 1002),
    ),
    ...UNDEFINED.map((code, at) =>
      broken(
        [`7.13.${at + 1}`, `close code ${code}, which RFC 6455 does not mention`],
        [send([close(code)])],
        1002,
        {
          outcome: 'INFORMATIONAL',
          why: 'The RFC leaves it open; we treat it as any other code that nobody may send.',
        },
      ),
    ),
  ];
}

function order(): Case[] {
  const behind = (id: string, what: string, frames: readonly Frame[], target = ''): Case =>
    closed([id, what], [send(frames)], 1000, { target });
  const large = textPayload(262_144);
  return [
    behind('7.1.1', 'a message, then close', [text(HELLO), close(1000)], HELLO),
    behind('7.1.2', 'close twice', [close(1000), close()]),
    behind('7.1.3', 'a ping behind close', [close(1000), ping()]),
    behind('7.1.4', 'a message behind close', [close(1000), text(HELLO)]),
    closed(
      ['7.1.5', 'close between two fragments'],
      [
        send([
          frame(OPCODE.text, 'fragment1', { fin: false }),
          close(1000),
          frame(OPCODE.continuation, 'fragment2'),
        ]),
      ],
      1000,
      {
        target: 'fragment1',
        outcome: 'NON-STRICT',
        why: 'What came before the close frame is delivered, though its message was not finished: a tunnel is a stream of bytes.',
      },
    ),
    closed(
      ['7.1.6', 'a message of 256 KiB, a small one, close, a ping'],
      [send([text(large), text(HELLO), close(1000), ping()])],
      1000,
      {
        target: Buffer.concat([large, Buffer.from(HELLO)]),
        outcome: 'INFORMATIONAL',
        why: 'Autobahn only notes whether the messages were processed before the close frame; here they must be.',
      },
    ),
  ];
}

function payloads(): Case[] {
  const longest = '*'.repeat(123);
  return [
    closed(['7.3.1', 'close without a code'], [send([close()])], NO_CODE),
    broken(['7.3.2', 'close with half a code'], [send([frame(OPCODE.close, 'a')])], 1002),
    closed(['7.3.3', 'close with a code'], [send([close(1000)])], 1000),
    closed(['7.3.4', 'close with a reason'], [send([close(1000, HELLO)])], 1000),
    closed(['7.3.5', 'close with a reason of 123 bytes'], [send([close(1000, longest)])], 1000),
    broken(['7.3.6', 'close with a reason of 124 bytes'], [send([close(1000, `${longest}*`)])], 1002),
    broken(['7.5.1', 'close with a reason that is not UTF-8'], [send([close(1000, NOT_UTF8)])], 1007),
  ];
}
