import type { Duplex } from 'node:stream';

/** What an end of a tunnel hears. */
export interface ChannelHandler {
  /** Take the bytes before returning. */
  onBytes(buffer: Buffer, start: number, end: number): void;
  /** Writing is welcome again. */
  onDrain(): void;
  /** Once, when nothing follows; `how` is for people. */
  onEnd(how: string): void;
}

/** One end of a tunnel's byte stream: a TCP connection, or a WebSocket whose message boundaries are gone. */
export interface Channel {
  /** Begins to deliver what comes. */
  attach(handler: ChannelHandler): void;
  /** Sends `piece`, which must not change until it is gone. False asks to wait for `onDrain`. */
  write(piece: Buffer): boolean;
  /** Ends in good order behind what was written. */
  end(): void;
  /** Ends at once. */
  destroy(): void;
}

/** A channel over a Node stream: sockets, and the tunnels of `gatehouse connect`. */
export class StreamChannel implements Channel {
  readonly #stream: Duplex;
  readonly #end: () => void;

  /** @param end how this kind of stream is ended in good order; default `end()`. */
  constructor(stream: Duplex, end: () => void = () => stream.end()) {
    this.#stream = stream;
    this.#end = end;
  }

  attach(handler: ChannelHandler): void {
    let how = 'closed';
    let hasEnded = false;
    const onEnd = (): void => {
      if (hasEnded) return;
      hasEnded = true;
      handler.onEnd(how);
    };
    this.#stream
      .on('data', (chunk: Buffer) => handler.onBytes(chunk, 0, chunk.length))
      .on('drain', () => handler.onDrain())
      .on('error', (error: Error) => (how = error.message))
      .on('end', onEnd)
      .on('close', onEnd);
  }

  write(piece: Buffer): boolean {
    return this.#stream.write(piece);
  }

  end(): void {
    this.#end();
  }

  destroy(): void {
    this.#stream.destroy();
  }
}
