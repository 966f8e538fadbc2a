import {
  broken,
  frame,
  fragments,
  legal,
  OPCODE,
  send,
  STREAMED,
  text,
  type Case,
  type Frame,
  type Step,
} from '../case.js';
import { GREEK, SEQUENCES } from './utf8-sequences.js';

const WORDS = 'Hello-µ@ßöäüàá-UTF-8!!';
const [FIRST_WORDS, LAST_WORDS] = ['Hello-µ@ßöä', 'üàá-UTF-8!!'] as const;
const GREEK_TEXT = Buffer.from(GREEK, 'hex');
const EDITED = Buffer.from('edited');

/** A surrogate: wrong at its second byte. */
const WITH_SURROGATE = Buffer.concat([GREEK_TEXT, Buffer.from('eda080', 'hex'), EDITED]);
/** Above U+10FFFF: wrong at its second byte, which is the thirteenth. */
const TOO_HIGH = Buffer.from('f4908080', 'hex');
const WITH_TOO_HIGH = Buffer.concat([GREEK_TEXT, TOO_HIGH, EDITED]);

/** What of `bytes` a decoder takes before it has to fail, by the platform's own. */
export function goodPart(bytes: Buffer): Buffer {
  for (let length = 1; length <= bytes.length; length += 1) {
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, length), { stream: true });
    } catch {
      return bytes.subarray(0, length - 1);
    }
  }
  return bytes;
}

function invalid(name: readonly [id: string, what: string], steps: readonly Step[], bytes: Buffer): Case {
  const target = goodPart(bytes);
  const streamed = target.length === 0 ? {} : ({ outcome: 'NON-STRICT', why: STREAMED } as const);
  return broken(name, steps, 1007, { target, ...streamed });
}

/** 6: text, whole and cut, valid and not. */
export function utf8Cases(): readonly Case[] {
  return [...empty(), ...valid(), ...invalidMessages(), ...failingFast(), ...sequences()];
}

function empty(): Case[] {
  const three = (payload: string): Frame[] => [
    frame(OPCODE.text, '', { fin: false }),
    frame(OPCODE.continuation, payload, { fin: false }),
    frame(OPCODE.continuation),
  ];
  const middle = 'middle frame payload';
  return [
    legal(['6.1.1', 'empty text'], [send([text('')])], {}),
    legal(['6.1.2', 'three empty fragments'], [send(three(''))], {}),
    legal(['6.1.3', 'three fragments, the middle one with payload'], [send(three(middle))], {
      target: middle,
    }),
  ];
}

function valid(): Case[] {
  const words = Buffer.from(WORDS);
  const inTwo = [frame(OPCODE.text, FIRST_WORDS, { fin: false }), frame(OPCODE.continuation, LAST_WORDS)];
  const bytewise = (payload: Buffer): Step => send(fragments(OPCODE.text, payload, 1));
  return [
    legal(['6.2.1', 'text in one frame'], [send([text(words)])], { target: words }),
    legal(['6.2.2', 'text in two fragments, cut between characters'], [send(inTwo)], { target: words }),
    legal(['6.2.3', 'text in fragments of one byte'], [bytewise(words)], { target: words }),
    legal(['6.2.4', 'Greek in fragments of one byte'], [bytewise(GREEK_TEXT)], { target: GREEK_TEXT }),
  ];
}

function invalidMessages(): Case[] {
  return [
    invalid(['6.3.1', 'a surrogate inside a message'], [send([text(WITH_SURROGATE)])], WITH_SURROGATE),
    invalid(
      ['6.3.2', 'a surrogate inside a message in fragments of one byte'],
      [send(fragments(OPCODE.text, WITH_SURROGATE, 1))],
      WITH_SURROGATE,
    ),
  ];
}

/** The message is never finished: the agent has to fail at the wrong byte. */
function failingFast(): Case[] {
  const cuts = [
    ['two bytes of it and more', GREEK_TEXT.length, GREEK_TEXT.length + TOO_HIGH.length],
    ['the wrong byte itself', GREEK_TEXT.length + 1, GREEK_TEXT.length + 2],
  ] as const;
  const inFragments = cuts.map(([what, from, to], index) =>
    invalid(
      [`6.4.${index + 1}`, `fails at a fragment that brings ${what}`],
      [
        send([frame(OPCODE.text, WITH_TOO_HIGH.subarray(0, from), { fin: false })]),
        { kind: 'arrived', bytes: from },
        send([frame(OPCODE.continuation, WITH_TOO_HIGH.subarray(from, to), { fin: false })]),
      ],
      WITH_TOO_HIGH,
    ),
  );
  const inPieces = cuts.map(([what, from, to], index) =>
    invalid(
      [`6.4.${index + 3}`, `fails at a piece of a frame that brings ${what}`],
      [
        { kind: 'send', frames: [text(WITH_TOO_HIGH)], chops: 'together', part: [0, HEADER_BYTES + from] },
        { kind: 'arrived', bytes: from },
        {
          kind: 'send',
          frames: [text(WITH_TOO_HIGH)],
          chops: 'together',
          part: [HEADER_BYTES + from, HEADER_BYTES + to],
        },
      ],
      WITH_TOO_HIGH,
    ),
  );
  return [...inFragments, ...inPieces];
}

/** Of a short frame. */
const HEADER_BYTES = 2;

function sequences(): Case[] {
  return SEQUENCES.flatMap(({ kind, hex }, family) =>
    hex.map((marked, index) => {
      const isValid = !marked.startsWith('!');
      const bytes = Buffer.from(marked.replace('!', ''), 'hex');
      const name = [`6.${family + 5}.${index + 1}`, `${kind}: ${bytes.toString('hex')}`] as const;
      const steps = [send([text(bytes)])];
      return isValid ? legal(name, steps, { target: bytes }) : invalid(name, steps, bytes);
    }),
  );
}
