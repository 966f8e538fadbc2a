import { Pattern } from '../../traffic/pattern.js';
import type { Channel } from '../traffic/channel.js';
import { answerSeed, HEADER_BYTES, type ExchangeHeader } from '../traffic/exchange-header.js';
import { ExchangeReader, type Expected, type Fault } from '../traffic/exchange-reader.js';
import { Transmitter } from '../traffic/transmitter.js';

/** Answers that may wait for the cloud to take them; no profile has more requests under way. */
const MAX_WAITING = 256;

/** What a target counts over all of its connections. */
export interface TargetCounts {
  /** Open connections. */
  connections: number;
  /** Requests whose every byte was right. */
  requests: number;
  /** Bytes of such requests, headers included. */
  verifiedBytes: number;
  /** Connections that were ended because a request was wrong. */
  faults: number;
}

/** The target's end of one session: verifies each request and answers it. Ends when its peer does, or with a fault. */
export class TargetSession {
  readonly #channel: Channel;
  readonly #counts: TargetCounts;
  readonly #reader: ExchangeReader;
  #seed: number | undefined;
  #requests: Pattern | undefined;
  #transmitter: Transmitter | undefined;
  #received = 0;
  #answered = 0;
  #waiting = 0;
  #isFaulty = false;

  constructor(channel: Channel, counts: TargetCounts) {
    this.#channel = channel;
    this.#counts = counts;
    this.#reader = new ExchangeReader({
      onHeader: (header) => this.#onHeader(header),
      onPayload: (header) => this.#onPayload(header),
      onFault: (fault) => this.#onFault(fault),
    });
    counts.connections += 1;
    channel.attach({
      onBytes: (buffer, start, end) => this.#reader.push(buffer, start, end),
      onDrain: () => this.#onDrain(),
      onEnd: () => this.#onEnd(),
    });
  }

  #onHeader(header: ExchangeHeader): Expected | Fault {
    const { kind, seed, position, requestBytes } = header;
    const pattern = this.#requests ?? this.#begin(seed);
    if (kind !== 'request' || seed !== this.#seed || position !== this.#received) {
      const what = `a ${kind} of seed ${seed} at ${position}, not a request of seed ${this.#seed ?? 0} at ${this.#received}`;
      return { position: this.#received, what };
    }
    if (this.#waiting >= MAX_WAITING)
      return { position, what: `more than ${MAX_WAITING} requests at a time` };
    return { pattern, bytes: requestBytes };
  }

  #begin(seed: number): Pattern {
    this.#seed = seed;
    this.#requests = new Pattern(seed);
    this.#transmitter = new Transmitter(this.#channel, new Pattern(answerSeed(seed)));
    return this.#requests;
  }

  #onPayload(header: ExchangeHeader): void {
    this.#received += header.requestBytes;
    this.#counts.requests += 1;
    this.#counts.verifiedBytes += HEADER_BYTES + header.requestBytes;
    this.#waiting += 1;
    this.#transmitter?.send({ ...header, kind: 'answer', position: this.#answered }, header.responseBytes);
    this.#answered += header.responseBytes;
    this.#settle();
  }

  #onDrain(): void {
    this.#transmitter?.onDrain();
    this.#settle();
  }

  #settle(): void {
    if (this.#transmitter?.isEmpty === false) return;
    this.#waiting = 0;
    if (this.#isFaulty) this.#channel.end();
  }

  #onFault({ position }: Fault): void {
    this.#counts.faults += 1;
    const header = {
      kind: 'fault',
      requestBytes: 0,
      responseBytes: 0,
      seed: this.#seed ?? 0,
      position,
    } as const;
    this.#isFaulty = true;
    this.#transmitter?.send(header, 0);
    this.#settle();
  }

  #onEnd(): void {
    this.#counts.connections -= 1;
    this.#channel.end();
  }
}
