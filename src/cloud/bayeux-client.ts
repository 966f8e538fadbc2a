import { MAX_MESSAGES, readMessages, readReply, type BayeuxReply, type MetaReply } from './bayeux-reply.js';
import { LinkError } from './link-error.js';
import type { RestClient } from './rest-client.js';
import type { Timing } from './timing.js';

/** New operations of an agent and its children; the only endpoint that makes the device count as connected. */
const ENDPOINT = '/notification/operations';

export interface BayeuxOptions {
  readonly rest: RestClient;
  readonly timing: Pick<Timing, 'requestMs' | 'pollMs' | 'pollGraceMs' | 'adviceNoneMs'>;
  readonly agentId: string;
  readonly signal: AbortSignal;
}

/** What a long poll brought. */
export interface Poll {
  readonly documents: readonly unknown[];
  readonly unmatched: number;
  /** Wait before the next poll, in ms. */
  readonly intervalMs: number;
}

/**
 * One Bayeux session over long polling: handshake, one subscription, and poll after poll. Every method throws
 * RestError for HTTP trouble and LinkError for a refusal in the protocol; then the session is over.
 */
export class BayeuxClient {
  readonly #options: BayeuxOptions;
  readonly #channel: string;
  #clientId = '';
  #ackOffered = false;
  #ack = -1;
  #lastId = 0;

  constructor(options: BayeuxOptions) {
    this.#options = options;
    this.#channel = `/${options.agentId}`;
  }

  async handshake(): Promise<void> {
    const meta = this.#accepted(
      await this.#send('/meta/handshake', {
        version: '1.0',
        minimumVersion: '1.0',
        supportedConnectionTypes: ['long-polling'],
        advice: { timeout: this.#options.timing.pollMs, interval: 0 },
        ext: { ack: true },
      }),
      'handshake',
    );
    if (meta.clientId === undefined)
      throw new LinkError('the notification handshake gave no usable client id');
    this.#clientId = meta.clientId;
    this.#ackOffered = meta.offersAck;
  }

  async subscribe(): Promise<void> {
    const reply = await this.#send('/meta/subscribe', {
      clientId: this.#clientId,
      subscription: this.#channel,
    });
    const meta = this.#accepted(reply, 'subscription');
    if (meta.subscription !== undefined && meta.subscription !== this.#channel) {
      throw new LinkError('the cloud confirmed a subscription to another channel', {
        pace: { kind: 'slow' },
      });
    }
  }

  /** One long poll. The time-out we ask for is short, so that a link that died without a word is noticed. */
  async poll(): Promise<Poll> {
    const { pollMs, pollGraceMs } = this.#options.timing;
    const reply = await this.#send(
      '/meta/connect',
      {
        clientId: this.#clientId,
        connectionType: 'long-polling',
        advice: { timeout: pollMs, interval: 0 },
        ...(this.#ackOffered ? { ext: { ack: this.#ack } } : {}),
      },
      pollMs + pollGraceMs,
    );
    const { meta } = reply;
    // Data without the connect reply happens: take the data, poll again.
    if (meta !== undefined) this.#accepted(reply, 'connection');
    else if (reply.documents.length === 0)
      throw new LinkError('a long poll was answered by other messages only', { violation: 'unmatched' });
    this.#ack = meta?.ack ?? this.#ack;
    return {
      documents: reply.documents,
      unmatched: reply.unmatched,
      intervalMs: meta?.advice.intervalMs ?? 0,
    };
  }

  /** Tells the cloud that the session is over; whether it hears that does not matter. */
  async disconnect(): Promise<void> {
    if (this.#clientId === '') return;
    const message = { channel: '/meta/disconnect', id: this.#nextId(), clientId: this.#clientId };
    await this.#options.rest
      .send({ method: 'POST', path: ENDPOINT, body: [message], deadlineMs: 1_000 })
      .catch(() => undefined);
  }

  async #send(metaChannel: string, fields: object, deadlineMs?: number): Promise<BayeuxReply> {
    const { rest, signal } = this.#options;
    const id = this.#nextId();
    const body = [{ channel: metaChannel, id, ...fields }];
    const reply = await rest.send({
      method: 'POST',
      path: ENDPOINT,
      body,
      deadlineMs,
      signal,
      read: readMessages,
    });
    const read = readReply(reply, { id, metaChannel, dataChannel: this.#channel });
    if (Array.isArray(reply) && reply.length > MAX_MESSAGES) {
      // A storm of operations, which passes; the sweep behind the next connect has them all.
      throw new LinkError(`${ENDPOINT} answered with too many messages at once`, { violation: 'oversized' });
    }
    if (read === undefined) {
      throw new LinkError(`${ENDPOINT} answered with something that is no list of messages`, {
        pace: { kind: 'slow' },
        violation: 'malformed',
      });
    }
    return read;
  }

  #accepted(reply: BayeuxReply, what: string): MetaReply {
    const { meta } = reply;
    if (meta === undefined)
      throw new LinkError(`the notification ${what} was not answered`, { violation: 'unmatched' });
    const { reconnect } = meta.advice;
    // Advice matters where it decides what comes next: in the answer to a long poll.
    if (meta.successful && (reconnect === 'retry' || what !== 'connection')) return meta;
    const why = meta.error === '' ? `advice ${reconnect}` : meta.error;
    const sentence = `the cloud ended the notification ${what} (${why})`;
    if (reconnect === 'none' && !meta.error.startsWith('403')) {
      throw new LinkError(sentence, { pace: { kind: 'after', ms: this.#options.timing.adviceNoneMs } });
    }
    if (meta.error.startsWith('402') || reconnect === 'handshake') throw new LinkError(sentence);
    if (meta.error.startsWith('403') && what !== 'connection') throw new NotificationsRefused(sentence);
    throw new LinkError(sentence, { pace: { kind: 'slow' }, deviceUnknown: true });
  }

  #nextId(): string {
    this.#lastId += 1;
    return String(this.#lastId);
  }
}

/** Real-time notifications are not for us: not subscribed, not permitted. Polling the list may still work. */
export class NotificationsRefused extends LinkError {
  constructor(sentence: string) {
    super(sentence, { pace: { kind: 'slow' } });
    this.name = 'NotificationsRefused';
  }
}
