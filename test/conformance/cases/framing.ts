import { binary, legal, send, text, type Case } from '../case.js';
import { binaryPayload, textPayload } from '../payload.js';

/** Lengths around each form of the length field. */
const LENGTHS = [0, 125, 126, 127, 128, 65_535, 65_536] as const;

/** Pieces of the last case of each kind, in bytes: a prime, so that no cut falls where another did. */
const CHOP_BYTES = 997;

/** 1.1 and 1.2: whole messages of each length, and the longest one in pieces. */
export function framingCases(): readonly Case[] {
  return (['text', 'binary'] as const).flatMap((kind, index) => {
    const [message, payload] = kind === 'text' ? [text, textPayload] : [binary, binaryPayload];
    const family = `1.${index + 1}`;
    const whole = LENGTHS.map((length, at) =>
      legal([`${family}.${at + 1}`, `${kind} of ${length} bytes`], [send([message(payload(length))])], {
        target: payload(length),
      }),
    );
    const longest = payload(65_536);
    const what = `${kind} of 65536 bytes in pieces of ${CHOP_BYTES}`;
    return [
      ...whole,
      legal([`${family}.8`, what], [send([message(longest)], CHOP_BYTES)], { target: longest }),
    ];
  });
}
