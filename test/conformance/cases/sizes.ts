import { binary, fragments, legal, OPCODE, ping, send, text, type Case } from '../case.js';
import { binaryPayload, textPayload } from '../payload.js';

const KIBIBYTE = 1_024;
const MEBIBYTE = 1_048_576;

const WHOLE_BYTES = [64 * KIBIBYTE, 256 * KIBIBYTE, MEBIBYTE, 4 * MEBIBYTE, 8 * MEBIBYTE, 16 * MEBIBYTE];
const FRAGMENT_BYTES = [64, 256, 1_024, 4_096, 16_384, 65_536, 262_144, MEBIBYTE, 4 * MEBIBYTE];
const CHOP_BYTES = [64, 128, 256, 512, 1_024, 2_048];
const ROUND_TRIP_BYTES = [0, 16, 64, 256, 1_024, 4_096];

/** Autobahn takes the time of 1,000; what is asked here is whether they come back, and 100 show it. */
const ROUND_TRIPS = 100;

interface Kind {
  readonly name: string;
  readonly message: typeof text;
  readonly opcode: number;
  readonly payload: (length: number) => Buffer;
}

const KINDS: readonly Kind[] = [
  { name: 'text', message: text, opcode: OPCODE.text, payload: textPayload },
  { name: 'binary', message: binary, opcode: OPCODE.binary, payload: binaryPayload },
];

/** 9: large messages whole, in fragments and in pieces; and many small ones there and back. */
export function sizeCases(): readonly Case[] {
  return KINDS.flatMap((kind, index) => [
    ...WHOLE_BYTES.map((bytes, at) => whole(kind, `9.${1 + index}.${at + 1}`, bytes)),
    ...FRAGMENT_BYTES.map((bytes, at) => inFragments(kind, `9.${3 + index}.${at + 1}`, bytes)),
    ...CHOP_BYTES.map((bytes, at) => inPieces(kind, `9.${5 + index}.${at + 1}`, bytes)),
    ...ROUND_TRIP_BYTES.map((bytes, at) => roundTrips(kind, `9.${7 + index}.${at + 1}`, bytes)),
  ]);
}

function whole({ name, message, payload }: Kind, id: string, bytes: number): Case {
  const target = payload(bytes);
  return legal([id, `${name} of ${bytes / KIBIBYTE} KiB`], [send([message(target)])], { target });
}

function inFragments({ name, opcode, payload }: Kind, id: string, bytes: number): Case {
  const target = payload(4 * MEBIBYTE);
  const steps = [send(fragments(opcode, target, bytes))];
  return legal([id, `${name} of 4 MiB in fragments of ${bytes} bytes`], steps, { target });
}

function inPieces({ name, message, payload }: Kind, id: string, bytes: number): Case {
  const target = payload(MEBIBYTE);
  return legal([id, `${name} of 1 MiB in pieces of ${bytes} bytes`], [send([message(target)], bytes)], {
    target,
  });
}

/** An empty message shows nothing at the target; the ping behind all of them shows that they were taken. */
function roundTrips({ name, message, payload }: Kind, id: string, bytes: number): Case {
  const one = payload(bytes);
  return legal(
    [id, `${ROUND_TRIPS} round trips of ${name} of ${bytes} bytes`],
    [{ kind: 'round-trips', frame: message(one), count: ROUND_TRIPS }, send([ping('done')])],
    { target: Buffer.concat(Array.from({ length: ROUND_TRIPS }, () => one)), pongs: ['done'] },
  );
}
