import { OPCODE } from './case.js';

/** A frame of the client, unmasked. */
export interface ClientFrame {
  readonly opcode: number;
  readonly payload: Buffer;
  readonly key: number;
}

const KEY_BYTES = 4;

/** Reads what a client sends, by hand, and throws at the first byte that RFC 6455 does not allow one to send. */
export class ClientFrames {
  #rest: Buffer = Buffer.alloc(0);
  #inMessage = false;

  /** Takes the next bytes and gives the frames that are whole. @throws Error naming what is wrong. */
  push(chunk: Buffer): ClientFrame[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: ClientFrame[] = [];
    let at = 0;
    for (let end = endOf(bytes, at); end !== undefined && end <= bytes.length; end = endOf(bytes, at)) {
      frames.push(this.#read(bytes.subarray(at, end)));
      at = end;
    }
    this.#rest = bytes.subarray(at);
    return frames;
  }

  #read(bytes: Buffer): ClientFrame {
    const [first = 0, second = 0] = bytes;
    const opcode = first & 0x0f;
    const fin = (first & 0x80) !== 0;
    const length = second & 0x7f;
    if ((first & 0x70) !== 0) throw new Error('a frame with reserved bits');
    if ((second & 0x80) === 0) throw new Error('a frame without a mask');
    if (!(Object.values(OPCODE) as number[]).includes(opcode))
      throw new Error(`a frame with opcode ${opcode}`);
    if (opcode >= OPCODE.close) {
      if (!fin) throw new Error('a control frame in fragments');
      if (length > 125) throw new Error('a control frame above 125 bytes');
    } else {
      if ((opcode === OPCODE.continuation) !== this.#inMessage) throw new Error('fragments out of order');
      this.#inMessage = !fin;
    }
    const start = headerBytes(second);
    const payload = Buffer.from(bytes.subarray(start));
    if ((length === 126 && payload.length < 126) || (length === 127 && payload.length < 65_536))
      throw new Error('a length in a longer form than needed');
    const key = bytes.subarray(start - KEY_BYTES, start);
    for (let i = 0; i < payload.length; i += 1) payload[i] = (payload[i] as number) ^ (key[i & 3] as number);
    return { opcode, payload, key: key.readUInt32BE(0) };
  }
}

function headerBytes(second: number): number {
  const short = second & 0x7f;
  return 2 + (short < 126 ? 0 : short === 126 ? 2 : 8) + KEY_BYTES;
}

/** Where the frame at `at` ends; undefined as long as its header is not whole. */
function endOf(bytes: Buffer, at: number): number | undefined {
  const second = bytes[at + 1];
  if (second === undefined) return undefined;
  const header = headerBytes(second);
  if (bytes.length < at + header) return undefined;
  const short = second & 0x7f;
  if (short < 126) return at + header + short;
  return at + header + (short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2)));
}
