import { createCipheriv, createDecipheriv } from 'node:crypto';

/** Not a secret: it only makes bytes of which no two stretches look alike. */
const KEY = Buffer.from('gatehouse-soak-1');

const BLOCK_BYTES = 16;

/** What a block says about itself before it is encrypted: session (32 bits), kind (32 bits), number (64 bits). */
const KINDS = { uplink: 0x75706c6b, downlink: 0x646f776e, head: 0x68656164 } as const;

export type StreamKind = keyof typeof KINDS;

/** A decrypted block with a larger number is no block of ours: 2^40 of them are 16 TiB. */
const MAX_BLOCKS = 2n ** 40n;

/** Bytes of the head with which the operator's end tells the target which session this is. */
export const HEAD_BYTES = BLOCK_BYTES;

/** Where a byte belongs. */
export interface Place {
  readonly session: number;
  readonly kind: StreamKind;
  readonly offset: number;
}

/**
 * The endless stream of one direction of one session. Each 16 bytes are their own place, encrypted: a byte in the wrong
 * place never passes for the right one, and whose it is can be told from the bytes alone.
 */
export class SoakStream {
  readonly #cipher = createCipheriv('aes-128-ecb', KEY, null).setAutoPadding(false);
  /** Bytes given so far. */
  bytes = 0;

  constructor(
    readonly session: number,
    readonly kind: StreamKind,
  ) {}

  next(length: number): Buffer {
    const first = Math.floor(this.bytes / BLOCK_BYTES);
    const from = this.bytes % BLOCK_BYTES;
    const blocks = Math.ceil((from + length) / BLOCK_BYTES);
    const plain = Buffer.alloc(blocks * BLOCK_BYTES);
    for (let index = 0; index < blocks; index += 1) {
      const at = index * BLOCK_BYTES;
      plain.writeUInt32BE(this.session, at);
      plain.writeUInt32BE(KINDS[this.kind], at + 4);
      plain.writeUInt32BE(Math.floor((first + index) / 2 ** 32), at + 8);
      plain.writeUInt32BE((first + index) % 2 ** 32, at + 12);
    }
    this.bytes += length;
    return this.#cipher.update(plain).subarray(from, from + length);
  }
}

/** Takes what arrives and holds it against the stream that should. */
export class SoakCheck {
  readonly #expected: SoakStream;
  /** Bytes taken so far. */
  bytes = 0;
  /** What is wrong, as a sentence; undefined as long as all was right. */
  fault: string | undefined;
  /** The bytes of the fault belong to another session. */
  isCrossed = false;

  constructor(
    readonly session: number,
    readonly kind: StreamKind,
  ) {
    this.#expected = new SoakStream(session, kind);
  }

  take(chunk: Buffer): void {
    const expected = this.#expected.next(chunk.length);
    if (this.fault === undefined && !expected.equals(chunk)) this.#blame(chunk, expected);
    this.bytes += chunk.length;
  }

  #blame(chunk: Buffer, expected: Buffer): void {
    let at = 0;
    while (chunk[at] === expected[at]) at += 1;
    const owner = ownerOf(chunk.subarray(at));
    this.isCrossed = owner !== undefined && owner.session !== this.session;
    const whose =
      owner === undefined ? 'of nobody' : `of session ${owner.session}, ${owner.kind}, byte ${owner.offset}`;
    this.fault = `session ${this.session}, ${this.kind}, byte ${this.bytes + at}: the bytes there are ${whose}`;
  }
}

/** Whose bytes these are, wherever a block begins in them; undefined when there is no whole block of ours. */
export function ownerOf(bytes: Buffer): Place | undefined {
  for (let shift = 0; shift < BLOCK_BYTES && shift + BLOCK_BYTES <= bytes.length; shift += 1) {
    const block = bytes.subarray(shift, shift + BLOCK_BYTES);
    const plain = createDecipheriv('aes-128-ecb', KEY, null).setAutoPadding(false).update(block);
    const number = plain.readBigUInt64BE(8);
    const kind = kindOf(plain.readUInt32BE(4));
    if (kind === undefined || number > MAX_BLOCKS) continue;
    return { session: plain.readUInt32BE(0), kind, offset: Number(number) * BLOCK_BYTES - shift };
  }
  return undefined;
}

function kindOf(value: number): StreamKind | undefined {
  const kinds: readonly StreamKind[] = ['uplink', 'downlink', 'head'];
  return kinds.find((kind) => KINDS[kind] === value);
}
