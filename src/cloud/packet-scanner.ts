import { beginsWithTopic, headerFault, isConnack, topicFault } from './packet-grammar.js';

/** Largest packet taken from a broker, in bytes. The platform's own limit is 16,184 (with its header). */
export const MAX_MQTT_PACKET_BYTES = 65_536;

/** Bytes of the remaining length (MQTT 3.1.1 section 2.2.3). */
const MAX_LENGTH_BYTES = 4;

/** Bytes of the length of a topic. */
const TOPIC_LENGTH_BYTES = 2;

/** Packet types that a server may send in MQTT 3.1.1 (table 2.1), as a set of bits. */
const FROM_SERVER = [2, 3, 4, 5, 6, 7, 9, 11, 13].reduce((bits, type) => bits | (1 << type), 0);

/** Why a stream cannot be read on. */
export interface PacketFault {
  readonly violation: 'malformed' | 'oversized';
  readonly why: string;
}

/**
 * Follows the packets of an MQTT stream by their headers, ahead of the parser. The parser would collect up to
 * 256 MiB for one packet, and go on parsing after garbage with an error event for each byte of it.
 */
export class PacketScanner {
  #state: 'type' | 'length' | 'topic' | 'body' = 'type';
  /** First byte of the packet. */
  #first = 0;
  #isConnected = false;
  #lengthBytes = 0;
  #remaining = 0;
  #topicLengthBytes = 0;
  #topicBytes = 0;

  /** What is wrong with the stream at or before the end of `chunk`; undefined when nothing is. */
  scan(chunk: Uint8Array): PacketFault | undefined {
    for (let at = 0; at < chunk.length;) {
      if (this.#state === 'body') {
        const skipped = Math.min(this.#remaining, chunk.length - at);
        this.#remaining -= skipped;
        at += skipped;
        if (this.#remaining === 0) this.#state = 'type';
        continue;
      }
      const byte = chunk[at] as number;
      at += 1;
      const wrong = this.#onByte(byte);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  }

  #onByte(byte: number): PacketFault | undefined {
    if (this.#state === 'type') return this.#onType(byte);
    return this.#state === 'length' ? this.#onLength(byte) : this.#onTopicLength(byte);
  }

  #onType(byte: number): PacketFault | undefined {
    const type = byte >> 4;
    if ((FROM_SERVER & (1 << type)) === 0) return malformed(`the broker sent a packet of type ${type}`);
    if (this.#isConnected === isConnack(byte))
      return malformed('the broker sent its packets in the wrong order');
    this.#isConnected = true;
    this.#first = byte;
    this.#state = 'length';
    this.#lengthBytes = 0;
    this.#remaining = 0;
    return undefined;
  }

  #onLength(byte: number): PacketFault | undefined {
    this.#remaining += (byte & 0x7f) * 128 ** this.#lengthBytes;
    this.#lengthBytes += 1;
    if (this.#remaining > MAX_MQTT_PACKET_BYTES) {
      const why = `the broker announced a packet of more than ${MAX_MQTT_PACKET_BYTES} bytes`;
      return { violation: 'oversized', why };
    }
    const more = (byte & 0x80) !== 0;
    if (more && this.#lengthBytes === MAX_LENGTH_BYTES)
      return malformed('the broker sent a malformed packet length');
    return more ? undefined : this.#onHeader();
  }

  #onHeader(): PacketFault | undefined {
    this.#topicLengthBytes = 0;
    this.#topicBytes = 0;
    if (beginsWithTopic(this.#first)) this.#state = 'topic';
    else this.#state = this.#remaining === 0 ? 'type' : 'body';
    return malformed(headerFault(this.#first, this.#remaining));
  }

  #onTopicLength(byte: number): PacketFault | undefined {
    this.#topicBytes = this.#topicBytes * 256 + byte;
    this.#topicLengthBytes += 1;
    if (this.#topicLengthBytes < TOPIC_LENGTH_BYTES) return undefined;
    const wrong = topicFault(this.#first, this.#remaining, this.#topicBytes);
    this.#remaining -= TOPIC_LENGTH_BYTES;
    this.#state = this.#remaining === 0 ? 'type' : 'body';
    return malformed(wrong);
  }
}

function malformed(why: string | undefined): PacketFault | undefined {
  return why === undefined ? undefined : { violation: 'malformed', why };
}
