import { Pattern } from '../../traffic/pattern.js';
import type { Profile } from '../profiles.js';
import type { Random } from '../range.js';
import type { Channel } from '../traffic/channel.js';
import { answerSeed, HEADER_BYTES, sessionSeed, type ExchangeHeader } from '../traffic/exchange-header.js';
import { ExchangeReader, type Expected, type Fault } from '../traffic/exchange-reader.js';
import { Transmitter } from '../traffic/transmitter.js';
import { Pace, Turns, type Request } from './pace.js';

/** The exchange that every session opens and ends with: proof that the right two ends are joined, and still are. */
const GREETING: Request = { requestBytes: 64, responseBytes: 64 };

/** What a session tells while it runs. */
export interface SessionObserver {
  /** The first answer is there. */
  onUp(): void;
  onReceived(bytes: number): void;
  onSent(bytes: number): void;
  /** An exchange is complete and right; latency in ms, undefined for greeting and farewell. */
  onExchange(downlinkBytes: number, uplinkBytes: number, latencyMs: number | undefined): void;
}

/** How a session ended: as planned, or with a kind of error and a sentence about it. */
export type SessionEnd =
  | { readonly kind: 'planned' }
  | { readonly kind: 'failed'; readonly error: string; readonly sentence: string };

/** `corrupt`: a byte or header was wrong at one of the ends. `ended-early`: the tunnel closed without being told to. */
type SessionError = 'corrupt' | 'ended-early' | 'no-answer';

export interface CloudSessionOptions {
  /** From 0, unique within the run: names the session and its patterns. */
  readonly number: number;
  readonly channel: Channel;
  readonly profile: Profile;
  readonly random: Random;
  /** Monotonic, in ms. */
  readonly now: () => number;
  readonly observer: SessionObserver;
  /** Called once, when the channel is gone. */
  readonly onEnd: (end: SessionEnd) => void;
}

/** A request under way. */
interface UnderWay extends Request {
  /** Position of the answer in its pattern. */
  readonly position: number;
  readonly dueAtMs: number;
  /** Undefined for greeting and farewell. */
  readonly pace: Pace | undefined;
}

/**
 * The cloud's end of one session: greets, runs the streams of the profile, verifies every answer, says farewell.
 *
 *     greeting --answer--> streams --stop(), or page complete--> rest of the answers --> farewell --> end
 */
export class CloudSession {
  readonly #options: CloudSessionOptions;
  readonly #seed: number;
  readonly #transmitter: Transmitter;
  readonly #answers: Pattern;
  readonly #underWay: UnderWay[] = [];
  readonly #paces: Pace[];
  #stage: 'greeting' | 'streaming' | 'emptying' | 'farewell' | 'ending' = 'greeting';
  #requested = 0;
  #expected = 0;
  #left: number;
  #end: SessionEnd | undefined;

  constructor(options: CloudSessionOptions) {
    this.#options = options;
    const { channel, number, profile, random } = options;
    this.#seed = sessionSeed(number);
    this.#transmitter = new Transmitter(channel, new Pattern(this.#seed));
    this.#answers = new Pattern(answerSeed(this.#seed));
    this.#left = profile.page === undefined ? Infinity : random.within(profile.page.requests);
    this.#paces = profile.streams.map((stream) => this.#pace(stream));
    const reader = new ExchangeReader({
      onHeader: (header) => this.#onHeader(header),
      onPayload: (header) => this.#onAnswer(header),
      onFault: ({ position, what }) => this.#fail('corrupt', `${what} at byte ${position}`),
    });
    channel.attach({
      onBytes: (buffer, start, end) => {
        options.observer.onReceived(end - start);
        reader.push(buffer, start, end);
      },
      onDrain: () => this.#pump(() => this.#transmitter.onDrain()),
      onEnd: (how) => this.#onEnd(how),
    });
    this.#send(GREETING, undefined, options.now());
  }

  /** Sends no more requests, waits for the answers, says farewell and ends. Harmless when it has ended. */
  stop(): void {
    for (const pace of this.#paces) pace.stop();
    if (this.#stage !== 'greeting' && this.#stage !== 'streaming') return;
    this.#stage = 'emptying';
    this.#advance();
  }

  /** Ends at once, as an error when answers are missing. */
  abort(): void {
    this.#fail('no-answer', `${this.#underWay.length} answers were missing at the end of the run`);
  }

  #pace(stream: Profile['streams'][number]): Pace {
    const { random, now } = this.#options;
    const turns = new Turns(stream, random);
    const pace: Pace = new Pace(stream, random, now, (dueAtMs) => {
      this.#left -= 1;
      this.#send(turns.next(), pace, dueAtMs);
      if (this.#left <= 0) for (const each of this.#paces) each.stop();
    });
    return pace;
  }

  #send(request: Request, pace: Pace | undefined, dueAtMs: number): void {
    const { requestBytes, responseBytes } = request;
    const header = { kind: 'request', requestBytes, responseBytes, seed: this.#seed } as const;
    this.#underWay.push({ ...request, position: this.#expected, dueAtMs, pace });
    this.#pump(() => this.#transmitter.send({ ...header, position: this.#requested }, requestBytes));
    this.#requested += requestBytes;
    this.#expected += responseBytes;
  }

  #pump(act: () => void): void {
    const before = this.#transmitter.bytes;
    act();
    this.#options.observer.onSent(this.#transmitter.bytes - before);
  }

  #onHeader(header: ExchangeHeader): Expected | Fault {
    const { kind, seed, position, responseBytes } = header;
    const request = this.#underWay[0];
    if (kind === 'fault') return { position, what: 'the target found the requests wrong' };
    if (request === undefined) return { position: this.#expected, what: 'an answer without a request' };
    const isRight =
      kind === 'answer' &&
      seed === this.#seed &&
      position === request.position &&
      responseBytes === request.responseBytes &&
      header.requestBytes === request.requestBytes;
    if (!isRight) {
      const what = `a ${kind} of seed ${seed} at ${position}, not an answer of seed ${this.#seed} at ${request.position}`;
      return { position: request.position, what };
    }
    return { pattern: this.#answers, bytes: responseBytes };
  }

  #onAnswer({ requestBytes, responseBytes }: ExchangeHeader): void {
    const { observer, now } = this.#options;
    const request = this.#underWay.shift() as UnderWay;
    const latencyMs = request.pace === undefined ? undefined : now() - request.dueAtMs;
    observer.onExchange(HEADER_BYTES + requestBytes, HEADER_BYTES + responseBytes, latencyMs);
    request.pace?.onAnswer();
    this.#advance();
  }

  /** Takes the next step of the session's life when the present one is complete. */
  #advance(): void {
    if (this.#stage === 'greeting' && this.#underWay.length === 0) {
      this.#stage = 'streaming';
      this.#options.observer.onUp();
      for (const pace of this.#paces) pace.start();
    }
    if (this.#stage === 'streaming' && this.#left <= 0) this.#stage = 'emptying';
    if (this.#underWay.length > 0) return;
    if (this.#stage === 'emptying') {
      this.#stage = 'farewell';
      this.#send(GREETING, undefined, this.#options.now());
    } else if (this.#stage === 'farewell') {
      this.#stage = 'ending';
      this.#end = { kind: 'planned' };
      this.#options.channel.end();
    }
  }

  #fail(error: SessionError, sentence: string): void {
    if (this.#end !== undefined) return;
    this.#end = {
      kind: 'failed',
      error,
      sentence: `session ${this.#options.number} (seed ${this.#seed}): ${sentence}`,
    };
    this.#stage = 'ending';
    this.stop();
    this.#options.channel.destroy();
  }

  #onEnd(how: string): void {
    const missing = `${this.#underWay.length} answers were missing`;
    this.#fail('ended-early', `the tunnel ended while ${this.#stage}: ${how}; ${missing}`);
    this.#options.onEnd(this.#end ?? { kind: 'planned' });
  }
}
