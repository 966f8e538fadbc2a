import type { Duplex } from 'node:stream';

/** Bytes of one write; what waits in this process is not what is measured. */
const CHUNK_BYTES = 65_536;

/** Sends messages of `messageBytes` for as long as the peer takes them; without a message size, bytes without frames. */
export function blast(
  socket: Duplex,
  messageBytes: number | undefined,
  onTaken: (bytes: number) => void,
): void {
  const chunks = chunksOf(messageBytes);
  const more = (): void => {
    let mayGoOn = true;
    while (mayGoOn && !socket.destroyed) {
      const chunk = chunks();
      mayGoOn = socket.write(chunk);
      onTaken(chunk.length);
    }
    socket.once('drain', more);
  };
  more();
}

/** Gives one chunk after the other of an endless stream, from the same memory. */
function chunksOf(messageBytes: number | undefined): () => Buffer {
  const filler = Buffer.alloc(CHUNK_BYTES, 0x5a);
  if (messageBytes === undefined) return () => filler;
  const head = header(messageBytes);
  if (messageBytes < CHUNK_BYTES) {
    const message = Buffer.concat([head, filler.subarray(0, messageBytes)]);
    const messages = Buffer.concat(Array<Buffer>(Math.ceil(CHUNK_BYTES / message.length)).fill(message));
    return () => messages;
  }
  let left = 0;
  return () => {
    if (left === 0) {
      left = messageBytes;
      return head;
    }
    const bytes = Math.min(CHUNK_BYTES, left);
    left -= bytes;
    return filler.subarray(0, bytes);
  };
}

/** Of one binary frame from a server. */
function header(payloadBytes: number): Buffer {
  if (payloadBytes < 126) return Buffer.from([0x82, payloadBytes]);
  const bytes = Buffer.alloc(10);
  bytes[0] = 0x82;
  bytes[1] = 127;
  bytes.writeBigUInt64BE(BigInt(payloadBytes), 2);
  return bytes;
}

/** Reads so many bytes and no more: what the peer learns is that this reader is fast, until it stops. */
export function readThenStop(socket: Duplex, bytes: number): void {
  let left = bytes;
  const onData = (chunk: Buffer): void => {
    left -= chunk.length;
    if (left > 0) return;
    socket.off('data', onData);
    socket.pause();
  };
  if (left > 0) socket.on('data', onData).resume();
}
