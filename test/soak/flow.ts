import type { Readable, Writable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { SoakStream } from './stream.js';

/** Largest piece written at once, in bytes: above one read of the agent. */
const MAX_PIECE_BYTES = 100_000;

/** Longest pause between two pieces, in ms, and how often there is one: sessions live for a while, as real ones do. */
const MAX_PAUSE_MS = 60;
const PAUSES = 0.3;

/**
 * Writes the stream's first `total` bytes in pieces of random size. Resolves with the bytes written when all of them are,
 * or when the other end takes no more.
 */
export async function sendStream(
  to: Writable,
  stream: SoakStream,
  total: number,
  random: () => number,
): Promise<number> {
  while (stream.bytes < total && isWritable(to)) {
    const piece = Math.min(total - stream.bytes, Math.ceil(MAX_PIECE_BYTES ** random()));
    if (!to.write(stream.next(piece))) await drained(to);
    else if (random() < PAUSES) await pause(random() * MAX_PAUSE_MS);
  }
  return stream.bytes;
}

function isWritable(to: Writable): boolean {
  return !to.destroyed && !to.writableEnded;
}

function drained(to: Writable): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      to.off('drain', settle).off('close', settle);
      resolve();
    };
    to.once('drain', settle).once('close', settle);
    if (!isWritable(to)) settle();
  });
}

/** Resolves when the stream is closed, whatever closed it. */
export function closed(stream: Readable | Writable): Promise<void> {
  if (stream.closed) return Promise.resolve();
  return new Promise((resolve) => void stream.once('close', () => resolve()));
}
