import type { Duplex } from 'node:stream';

/** Bytes of one write; what waits in this process is not what is measured. */
const CHUNK_BYTES = 65_536;

/** Longest header of an unmasked frame (RFC 6455 section 5.2). */
const HEADER_BYTES = 10;

/** Sends messages of `messageBytes` for as long as the peer takes them; without a message size, bytes without frames. */
export function blast(
  socket: Duplex,
  messageBytes: number | undefined,
  onTaken: (bytes: number) => void,
): void {
  const chunk = Buffer.alloc(CHUNK_BYTES, 0x5a);
  let leftOfMessage = 0;
  const more = (): void => {
    let mayGoOn = true;
    while (mayGoOn && !socket.destroyed) {
      if (messageBytes !== undefined && leftOfMessage === 0) {
        socket.write(header(messageBytes));
        leftOfMessage = messageBytes;
      }
      const bytes = messageBytes === undefined ? CHUNK_BYTES : Math.min(CHUNK_BYTES, leftOfMessage);
      leftOfMessage -= bytes;
      mayGoOn = socket.write(chunk.subarray(0, bytes));
      onTaken(bytes);
    }
    socket.once('drain', more);
  };
  more();
}

/** Of one binary frame from a server. */
function header(payloadBytes: number): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes[0] = 0x82;
  bytes[1] = 127;
  bytes.writeBigUInt64BE(BigInt(payloadBytes), 2);
  return bytes;
}
