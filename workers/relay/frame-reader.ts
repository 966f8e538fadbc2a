import { OPCODE } from './frame-header.js';
import { isValidUtf8, Utf8Check } from './utf8.js';

/** What the reader hands on. `buffer` is the caller's memory: take the bytes before returning. */
export interface FrameHandler {
  onPayload(buffer: Buffer, start: number, end: number): void;
  /** A violation when they are a flood. */
  onPing(payload: Buffer): Violation | undefined;
  /** `code` is 1005 when the frame had none. Nothing follows. */
  onClose(code: number, reason: string): void;
}

/** Input that ends the session, with the close code the peer gets (RFC 6455 section 7.4.1). */
export interface Violation {
  readonly closeCode: 1002 | 1007 | 1008 | 1009;
  readonly reason: 'cloud-protocol' | 'cloud-too-big' | 'ping-flood';
  readonly sentence: string;
}

const MAX_CONTROL_BYTES = 125;
/** Largest header of an unmasked frame: 2 + 8. */
const MAX_HEADER_BYTES = 10;

/**
 * Reads the frames of a server as they come and hands their payload on piece by piece. It never assembles a message:
 * its memory is one header and one control payload, whatever the peer announces.
 *
 *     HEADER --length known--> PAYLOAD --all of it--> HEADER
 *        \------ close frame, violation -----> DONE: the rest is ignored
 */
export class FrameReader {
  readonly #header = Buffer.alloc(MAX_HEADER_BYTES);
  #headerBytes = 0;
  /** Payload of a control frame, made for the first one: many sessions never see any. */
  #control: Buffer | undefined;
  #controlBytes = 0;

  #inPayload = false;
  #isDone = false;
  #opcode = 0;
  #remaining = 0;
  /** A data message has begun and its last fragment has not come. */
  #inMessage = false;
  #messageBytes = 0;
  #isText = false;
  /** Made for the first text message; every message that passed leaves it as new. */
  #text: Utf8Check | undefined;

  constructor(
    private readonly handler: FrameHandler,
    private readonly maxMessageBytes: number,
  ) {}

  /** Reads `buffer[start..end)`. A violation is returned once; what follows it is ignored. */
  push(buffer: Buffer, start: number, end: number): Violation | undefined {
    let position = start;
    while (position < end && this.#mayRead()) {
      if (!this.#inPayload) {
        position = this.#takeHeader(buffer, position, end);
        const violation = this.#readHeader();
        if (violation !== undefined) return this.#stop(violation);
        if (!this.#isInPayload()) continue;
      }
      // `| 0` keeps it a small integer: as a double it would be boxed for each frame.
      const take = Math.min(this.#remaining, end - position) | 0;
      if (this.#opcode < 8) {
        const good = this.#isText ? this.#checkText(buffer, position, position + take) : position + take;
        if (good > position) this.handler.onPayload(buffer, position, good);
        if (good < position + take) return this.#stop(NOT_UTF8);
      } else {
        this.#control ??= Buffer.alloc(MAX_CONTROL_BYTES);
        buffer.copy(this.#control, this.#controlBytes, position, position + take);
        this.#controlBytes += take;
      }
      position += take;
      this.#remaining -= take;
      if (this.#remaining > 0) continue;
      this.#inPayload = false;
      const violation = this.#opcode < 8 ? this.#endOfData() : this.#readControl();
      if (violation !== undefined) return this.#stop(violation);
    }
    return undefined;
  }

  #mayRead(): boolean {
    return !this.#isDone;
  }

  #isInPayload(): boolean {
    return this.#inPayload;
  }

  /** Copies header bytes until the header is whole or the input ends. */
  #takeHeader(buffer: Buffer, start: number, end: number): number {
    let position = start;
    while (position < end && this.#headerBytes < this.#headerLength()) {
      this.#header[this.#headerBytes] = buffer[position] as number;
      this.#headerBytes += 1;
      position += 1;
    }
    return position;
  }

  #headerLength(): number {
    if (this.#headerBytes < 2) return 2;
    const short = (this.#header[1] as number) & 0x7f;
    if (short < 126) return 2;
    return short === 126 ? 4 : MAX_HEADER_BYTES;
  }

  /** Checks what is there of the header as early as possible, and begins the payload when it is whole. */
  #readHeader(): Violation | undefined {
    const violation = this.#checkStart();
    if (violation !== undefined || this.#headerBytes < this.#headerLength()) return violation;
    if (this.#headerBytes < 2) return undefined;
    const isFinal = ((this.#header[0] as number) & 0x80) !== 0;
    const length = this.#payloadLength();
    this.#headerBytes = 0;
    this.#controlBytes = 0;
    this.#remaining = length;
    this.#inPayload = true;
    if (this.#opcode >= 8) return undefined;
    if (this.#opcode !== OPCODE.continuation) {
      this.#messageBytes = 0;
      this.#isText = this.#opcode === OPCODE.text;
    }
    this.#messageBytes += length;
    this.#inMessage = !isFinal;
    if (this.#messageBytes <= this.maxMessageBytes) return undefined;
    return {
      closeCode: 1009,
      reason: 'cloud-too-big',
      sentence: `a message of ${this.#messageBytes} bytes or more; limits.maxMessage is ${this.maxMessageBytes}`,
    };
  }

  /** The first two bytes. */
  #checkStart(): Violation | undefined {
    if (this.#headerBytes < 1) return undefined;
    const first = this.#header[0] as number;
    this.#opcode = first & 0x0f;
    if ((first & 0x70) !== 0) return protocolError('reserved bits are set, but no extension was agreed on');
    if (!KNOWN_OPCODES.has(this.#opcode)) return protocolError(`reserved opcode ${this.#opcode}`);
    const isFinal = (first & 0x80) !== 0;
    if (this.#opcode >= 8 && !isFinal) return protocolError('a fragmented control frame');
    if (this.#opcode === OPCODE.continuation && !this.#inMessage)
      return protocolError('a continuation of nothing');
    if ((this.#opcode === OPCODE.binary || this.#opcode === OPCODE.text) && this.#inMessage)
      return protocolError('a new message inside another');
    if (this.#headerBytes < 2) return undefined;
    const second = this.#header[1] as number;
    if ((second & 0x80) !== 0) return protocolError('a masked frame from the server');
    if (this.#opcode >= 8 && (second & 0x7f) > MAX_CONTROL_BYTES)
      return protocolError('a control frame above 125 bytes');
    // RFC 6455 5.2: the most significant bit of a 64-bit length must be 0.
    if ((second & 0x7f) === 127 && this.#headerBytes > 2 && (this.#header[2] as number) >= 0x80)
      return protocolError('a length of 2^63 or more');
    return undefined;
  }

  /**
   * Lengths above 2^53 are rounded, which is harmless: they are far above every limit. A length in a longer form than
   * needed is taken as `ws` and others take it: there is one way to read it, and refusing it would end sessions that work.
   */
  #payloadLength(): number {
    const short = (this.#header[1] as number) & 0x7f;
    if (short < 126) return short;
    if (short === 126) return this.#header.readUInt16BE(2);
    const [high, low] = [this.#header.readUInt32BE(2), this.#header.readUInt32BE(6)];
    return high === 0 && low < 2 ** 31 ? low | 0 : high * 2 ** 32 + low;
  }

  /** Index of the first byte that makes the message no text; `end` when there is none. */
  #checkText(buffer: Buffer, start: number, end: number): number {
    this.#text ??= new Utf8Check();
    return this.#text.push(buffer, start, end);
  }

  /** Text must be whole where its message ends (RFC 6455 section 8.1). */
  #endOfData(): Violation | undefined {
    if (!this.#isText || this.#inMessage || this.#text?.isComplete !== false) return undefined;
    return NOT_UTF8;
  }

  #readControl(): Violation | undefined {
    const payload = this.#control?.subarray(0, this.#controlBytes) ?? NO_BYTES;
    if (this.#opcode === OPCODE.ping) return this.handler.onPing(payload);
    if (this.#opcode !== OPCODE.close) return undefined;
    if (payload.length === 1) return protocolError('a close frame with half a code');
    const code = payload.length === 0 ? 1005 : payload.readUInt16BE(0);
    if (payload.length > 0 && !isValidCloseCode(code)) return protocolError(`the invalid close code ${code}`);
    const reason = payload.subarray(2);
    if (!isValidUtf8(reason)) {
      return { closeCode: 1007, reason: 'cloud-protocol', sentence: 'a close reason that is not UTF-8' };
    }
    this.#isDone = true;
    this.handler.onClose(code, reason.toString('utf8'));
    return undefined;
  }

  #stop(violation: Violation): Violation {
    this.#isDone = true;
    return violation;
  }
}

const NO_BYTES = Buffer.alloc(0);

const KNOWN_OPCODES: ReadonlySet<number> = new Set(Object.values(OPCODE));

/** RFC 6455 section 7.4: 1000–1003, 1007–1014 as registered with IANA, and 3000–4999. */
export function isValidCloseCode(code: number): boolean {
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006;
}

const NOT_UTF8: Violation = {
  closeCode: 1007,
  reason: 'cloud-protocol',
  sentence: 'a text message that is not UTF-8',
};

function protocolError(sentence: string): Violation {
  return { closeCode: 1002, reason: 'cloud-protocol', sentence };
}
