import { MAX_REPLY_BYTES } from '../../contract/limits.js';
import { JsonError } from './json-document.js';
import { listOf, objectAround, type RawDocument } from './json-envelope.js';
import { property, propertyAt } from './json-value.js';

/** Messages of one reply that are read; more come of a storm of operations, or of no honest server. */
export const MAX_MESSAGES = 1_000;

/** Largest client id that is taken; CometD's have some 30 characters. */
const CLIENT_ID = /^[\x21-\x7e]{1,128}$/;

/** Longest `advice.interval` that is obeyed, in ms. */
const MAX_INTERVAL_MS = 300_000;

/** One Bayeux message of ours answered. */
export interface MetaReply {
  readonly successful: boolean;
  /** `<code>::<text>`, shortened and without control characters; empty when there is none. */
  readonly error: string;
  readonly clientId: string | undefined;
  readonly subscription: unknown;
  /** Number to echo in the next connect, with the ack extension. */
  readonly ack: number | undefined;
  /** True when the server offers the ack extension (in the handshake). */
  readonly offersAck: boolean;
  readonly advice: Advice;
}

export interface Advice {
  readonly reconnect: 'retry' | 'handshake' | 'none';
  /** Within 0 and 300,000 ms. */
  readonly intervalMs: number;
}

/** What a reply has for us. */
export interface BayeuxReply {
  /** Answer to the message that was sent, if it is in there. */
  readonly meta: MetaReply | undefined;
  /** `data` of the messages on our channel, in order. */
  readonly documents: readonly unknown[];
  /** Messages that are neither: other ids, other channels, no objects. */
  readonly unmatched: number;
}

/**
 * The messages of a reply, each read by itself and with its `data` unread: a message that is no good is undefined, and
 * the others still count. Undefined when the reply is no list. @throws JsonError
 */
export function readMessages(reply: Uint8Array): readonly unknown[] | undefined {
  return listOf(reply, { maxBytes: MAX_REPLY_BYTES })?.map(readMessage);
}

function readMessage({ bytes }: RawDocument): unknown {
  try {
    return objectAround(bytes, 'data', { maxBytes: MAX_REPLY_BYTES });
  } catch (error) {
    if (error instanceof JsonError) return undefined;
    throw error;
  }
}

/**
 * Sorts a reply to the message with `id` on the meta channel `metaChannel`; data counts only on `dataChannel`.
 * Undefined when the reply is no list of messages, or too long a one.
 */
export function readReply(
  reply: unknown,
  expected: { readonly id: string; readonly metaChannel: string; readonly dataChannel: string },
): BayeuxReply | undefined {
  if (!Array.isArray(reply) || reply.length > MAX_MESSAGES) return undefined;
  const documents: unknown[] = [];
  let meta: MetaReply | undefined;
  let unmatched = 0;
  for (const message of reply as readonly unknown[]) {
    const channel = property(message, 'channel');
    if (channel === expected.dataChannel) documents.push(property(message, 'data'));
    else if (channel === expected.metaChannel && isAnswer(message, expected.id)) meta ??= metaReply(message);
    else unmatched += 1;
  }
  return { meta, documents, unmatched };
}

/** Some servers leave the id out of refusals; another id is somebody else's answer. */
function isAnswer(message: unknown, id: string): boolean {
  const theirs = property(message, 'id');
  return theirs === id || (theirs === undefined && property(message, 'successful') === false);
}

function metaReply(message: unknown): MetaReply {
  const clientId = property(message, 'clientId');
  const ack = propertyAt(message, 'ext', 'ack');
  const error = property(message, 'error');
  return {
    successful: property(message, 'successful') === true,
    error: typeof error === 'string' ? error.replace(/[^\x20-\x7e]/g, ' ').slice(0, 100) : '',
    clientId: typeof clientId === 'string' && CLIENT_ID.test(clientId) ? clientId : undefined,
    subscription: property(message, 'subscription'),
    ack: typeof ack === 'number' && Number.isSafeInteger(ack) ? ack : undefined,
    offersAck: ack === true,
    advice: adviceOf(property(message, 'advice')),
  };
}

function adviceOf(advice: unknown): Advice {
  const reconnect = property(advice, 'reconnect');
  const interval = property(advice, 'interval');
  return {
    reconnect: reconnect === 'handshake' || reconnect === 'none' ? reconnect : 'retry',
    intervalMs:
      typeof interval === 'number' && Number.isFinite(interval)
        ? Math.min(Math.max(interval, 0), MAX_INTERVAL_MS)
        : 0,
  };
}
