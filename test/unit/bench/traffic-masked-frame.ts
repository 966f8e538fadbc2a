import * as ws from 'ws';

interface Codec {
  readonly Sender: {
    frame(
      data: Buffer,
      options: { fin: boolean; mask: boolean; opcode: number; readOnly: boolean; rsv1: boolean },
    ): Buffer[];
  };
}

/** One whole binary frame with a random key, as a client that uses `ws` sends it. */
export function maskedFrame(payload: Buffer): Buffer {
  const options = { fin: true, mask: true, opcode: 2, readOnly: true, rsv1: false };
  return Buffer.concat((ws as unknown as Codec).Sender.frame(payload, options));
}
