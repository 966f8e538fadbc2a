import { randomUUID } from 'node:crypto';

/** Bytes that go out where a JSON value stands, whatever they are: invalid UTF-8, members twice, half a document. */
export class RawJson {
  constructor(readonly bytes: Uint8Array) {}
}

/** `value` as JSON, with every RawJson in it as its bytes. */
export function jsonBytes(value: unknown): Buffer {
  const raw: Uint8Array[] = [];
  const mark = randomUUID();
  const text = JSON.stringify(value, (_key, each: unknown) => {
    if (!(each instanceof RawJson)) return each;
    raw.push(each.bytes);
    return mark;
  });
  const pieces = text.split(`"${mark}"`).map((piece) => Buffer.from(piece));
  return Buffer.concat(pieces.flatMap((piece, index) => [piece, raw[index] ?? Buffer.alloc(0)]));
}
