import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { MAX_AUDIT_RECORD_BYTES } from '../../contract/limits.js';

const LINE_FEED = 0x0a;

/** A line that is longer than this is given in pieces; no record is. */
const MAX_PIECE_BYTES = 2 * MAX_AUDIT_RECORD_BYTES;

/**
 * The lines of a file, each with its line feed; the last one may lack it. Holds one piece of the file at a time; `onRead` hears
 * how many bytes of it have been read. A file
 * that ends in `.gz` is unpacked on the way. @throws Error with an errno.
 */
export async function* linesOf(file: string, onRead?: (bytes: number) => void): AsyncGenerator<Buffer> {
  const source = createReadStream(file, { highWaterMark: 262_144 });
  const stream = file.endsWith('.gz') ? source.pipe(createGunzip()) : source;
  source.on('error', (error) => stream.destroy(error));
  let rest = Buffer.alloc(0);
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    onRead?.(source.bytesRead);
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = bytes.indexOf(LINE_FEED); end !== -1; end = bytes.indexOf(LINE_FEED, start)) {
      yield bytes.subarray(start, end + 1);
      start = end + 1;
    }
    while (bytes.length - start > MAX_PIECE_BYTES) {
      yield bytes.subarray(start, start + MAX_PIECE_BYTES);
      start += MAX_PIECE_BYTES;
    }
    rest = Buffer.from(bytes.subarray(start));
  }
  if (rest.length > 0) yield rest;
}
