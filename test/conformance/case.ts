/*
 * The cases of the Autobahn test suite (crossbario/autobahn-testsuite, "fuzzing server") as data of our own. There a
 * client echoes messages; ours hands payload to a TCP target, which echoes it. So where Autobahn expects a message back,
 * a case here names the bytes that must reach the target, and those have to come back in frames that are valid, too.
 */

/** How a case came out, in Autobahn's words. */
export type Outcome = 'OK' | 'NON-STRICT' | 'INFORMATIONAL';

/** One frame of the server: never masked. */
export interface Frame {
  readonly opcode: number;
  readonly payload: Buffer;
  readonly fin: boolean;
  /** RSV1 to RSV3 as one number, RSV1 being 4. */
  readonly rsv: number;
}

/** Together in one write, each frame in a write of its own, or in pieces of so many bytes. */
export type Chops = 'together' | 'frames' | number;

export type Step =
  | {
      readonly kind: 'send';
      readonly frames: readonly Frame[];
      readonly chops: Chops;
      /** Only these bytes of the frames, from and to. */
      readonly part?: readonly [from: number, to: number];
    }
  /** Goes on when the target has so many bytes in all. */
  | { readonly kind: 'arrived'; readonly bytes: number }
  /** Sends a frame, waits until its payload is back, and again. */
  | { readonly kind: 'round-trips'; readonly frame: Frame; readonly count: number };

export interface Case {
  /** As in Autobahn. */
  readonly id: string;
  readonly what: string;
  readonly steps: readonly Step[];
  /** All that may reach the target, and must. */
  readonly target: Buffer;
  /** Payloads of all pongs, in order. */
  readonly pongs: readonly string[];
  /**
   * Code of the close frame that the agent has to send: in answer to ours, which is the last step (1005: without a code),
   * or because of what the case sends. `undefined`: the runner closes with 1000 once everything is there.
   */
  readonly close: number | undefined;
  /** Close frames of the steps are answered; otherwise the agent has to break off. */
  readonly reason: 'cloud-close' | 'cloud-protocol';
  readonly outcome: Outcome;
  /** Why it is not OK. */
  readonly why?: string;
}

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export function frame(
  opcode: number,
  payload: Buffer | string = '',
  options: { readonly fin?: boolean; readonly rsv?: number } = {},
): Frame {
  // Strings are UTF-8 on the wire; bytes that are none are given as Buffers.
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
  return { opcode, payload: bytes, fin: options.fin ?? true, rsv: options.rsv ?? 0 };
}

export const text = (payload: Buffer | string): Frame => frame(OPCODE.text, payload);
export const binary = (payload: Buffer | string): Frame => frame(OPCODE.binary, payload);
export const ping = (payload: Buffer | string = ''): Frame => frame(OPCODE.ping, payload);
export const pong = (payload: Buffer | string = ''): Frame => frame(OPCODE.pong, payload);

/** A close frame; without a code it has no payload. */
export function close(code?: number, reason: Buffer | string = ''): Frame {
  if (code === undefined) return frame(OPCODE.close);
  return frame(OPCODE.close, Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]));
}

/** `payload` as one message in fragments of `size` bytes. */
export function fragments(opcode: number, payload: Buffer, size: number): Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at === 0 || at < payload.length; at += size) {
    const fin = at + size >= payload.length;
    frames.push(frame(at === 0 ? opcode : OPCODE.continuation, payload.subarray(at, at + size), { fin }));
  }
  return frames;
}

export function send(frames: readonly Frame[], chops: Chops = 'together'): Step {
  return { kind: 'send', frames, chops };
}

interface Facts {
  readonly target?: Buffer | string;
  readonly pongs?: readonly string[];
  readonly outcome?: Outcome;
  readonly why?: string;
}

function make(
  [id, what]: readonly [id: string, what: string],
  steps: readonly Step[],
  close: number | undefined,
  reason: Case['reason'],
  { target = '', pongs = [], outcome = 'OK', why }: Facts,
): Case {
  const bytes = typeof target === 'string' ? Buffer.from(target) : target;
  return {
    id,
    what,
    steps,
    target: bytes,
    pongs,
    close,
    reason,
    outcome,
    ...(why === undefined ? {} : { why }),
  };
}

/** Everything is legal, and the runner closes in the end. */
export function legal(name: readonly [id: string, what: string], steps: readonly Step[], facts: Facts): Case {
  return make(name, steps, undefined, 'cloud-close', facts);
}

/** The steps hold a close frame, which the agent has to answer with `code`. */
export function closed(
  name: readonly [id: string, what: string],
  steps: readonly Step[],
  code: number,
  facts: Facts = {},
): Case {
  return make(name, steps, code, 'cloud-close', facts);
}

/** The agent has to break off with `code`. */
export function broken(
  name: readonly [id: string, what: string],
  steps: readonly Step[],
  code: 1002 | 1007,
  facts: Facts = {},
): Case {
  return make(name, steps, code, 'cloud-protocol', facts);
}

/** The beginning of a message that turns out to be broken has reached the target by then. */
export const STREAMED =
  'The connection fails as it has to, but the good beginning of the broken message was delivered: a tunnel is a stream of bytes and holds none of them back.';
