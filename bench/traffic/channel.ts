import type { Pattern } from './pattern.js';

/** What a channel tells the end of a session that uses it. */
export interface ChannelEvents {
  /** Payload in order, in [start, end) of a buffer that is the receiver's only until it returns. */
  onBytes(buffer: Buffer, start: number, end: number): void;
  /** What was sent has left; called after a send that gave false. */
  onDrain(): void;
  /** The other side has ended: nothing more comes. */
  onEnd(): void;
  /** The connection is gone. Called once. */
  onClose(): void;
  /** The other side broke the protocol; the channel is destroyed after it. */
  onFault(sentence: string): void;
}

/** One end of a session as a stream of payload bytes, whether they travel in frames or as they are. */
export interface Channel {
  /** Streams that are sent with `sendStream` have to be masked with this byte; 0 = not at all. */
  readonly mask: number;
  /** Starts the events. Nothing is read before. */
  open(events: ChannelEvents): void;
  /** Sends a small payload at once; it must not change afterwards. */
  send(payload: Buffer): void;
  /** Sends `length` bytes of a stream from `position`. Gives false when more should wait for `onDrain`. */
  sendStream(pattern: Pattern, position: number, length: number): boolean;
  /** Ends this side, after what was sent. */
  end(): void;
  /** Drops the connection. */
  destroy(): void;
}
