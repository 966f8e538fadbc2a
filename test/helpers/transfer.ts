import type { Readable, Writable } from 'node:stream';
import { SeededBytes, SeededCheck, randomNumbers } from './seeded-bytes.js';

/** Largest piece written at once, in bytes: above the agent's read size and the largest slot of its rings. */
const MAX_PIECE_BYTES = 300_000;

/** One direction of a session, as its sender sees it. */
export interface Sending {
  readonly source: SeededBytes;
  /** Resolves when the stream has taken all of it, or is closed. */
  readonly done: Promise<void>;
}

/** Writes the first `size` bytes of the seed's stream in pieces of random sizes, as fast as the stream takes them. */
export function send(stream: Writable, seed: string, size: number): Sending {
  const source = new SeededBytes(seed);
  return { source, done: sendAll(stream, source, size, randomNumbers(`pieces of ${seed}`)) };
}

async function sendAll(
  stream: Writable,
  source: SeededBytes,
  size: number,
  random: () => number,
): Promise<void> {
  while (source.bytes < size && !stream.destroyed && !stream.writableEnded) {
    const left = size - source.bytes;
    const piece = Math.min(left, pieceBytes(random));
    if (!stream.write(source.next(piece))) await drained(stream);
    // Now and then a piece travels alone instead of being joined to the next one.
    else if (random() < 0.1) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Small and large pieces are equally likely, so that headers of every length and cuts at every place occur. */
function pieceBytes(random: () => number): number {
  return Math.ceil(MAX_PIECE_BYTES ** random());
}

function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      stream.off('drain', settle).off('close', settle);
      resolve();
    };
    stream.once('drain', settle).once('close', settle);
    if (stream.destroyed) settle();
  });
}

/** Reads the stream and holds it against the seed. */
export function receive(stream: Readable, seed: string): SeededCheck {
  const check = new SeededCheck(seed);
  stream.on('data', check.take);
  return check;
}
