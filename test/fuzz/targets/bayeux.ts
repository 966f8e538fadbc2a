import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { readMessages, readReply } from '../../../src/cloud/bayeux-reply.js';
import { JsonError } from '../../../src/cloud/json-document.js';
import { parseOperation } from '../../../src/cloud/operation.js';
import { bytesOf, surface, type Case, type Written } from '../../hostile/cases.js';
import type { FuzzTarget } from '../target.js';

const EXPECTED = { id: '3', metaChannel: '/meta/connect', dataChannel: '/40511' };

const VALUE = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>(
    '/meta/connect',
    '/40511',
    '3',
    true,
    { interval: 5, reconnect: 'none' },
    { ack: 1 },
  ),
);
const NAMES = [
  'channel',
  'id',
  'successful',
  'clientId',
  'subscription',
  'advice',
  'ext',
  'data',
  'error',
  '__proto__',
];
const MESSAGE = fc.dictionary(fc.constantFrom(...NAMES), VALUE, { noNullPrototype: true });

export const bayeux: FuzzTarget = {
  name: 'bayeux',
  holds: 'a reply is refused with a JsonError or read within its bounds, as JSON.parse reads it',
  seeds: () =>
    surface<Case & { readonly reply?: Written }>('bayeux-replies').cases.flatMap(({ reply }) =>
      reply === undefined ? [] : [bytesOf(reply).subarray(0, 65_536)],
    ),
  dictionary: [
    '"channel":"/meta/connect"',
    '"id":"3"',
    '"successful":true',
    '"data":',
    '"channel":"/40511"',
    '"advice":',
    '[',
    ']',
    '{',
    '}',
    ',',
    '\\u0022',
    '"__proto__":',
  ],
  structured: fc.array(MESSAGE, { maxLength: 6 }).map((messages) => Buffer.from(JSON.stringify(messages))),
  check: (input) => {
    const messages = messagesOf(input);
    if (messages === undefined) return;
    const reply = readReply(messages, EXPECTED);
    if (reply === undefined) return assert.ok(messages.length > 1_000);
    const { documents, unmatched, meta } = reply;
    assert.ok(documents.length + unmatched <= messages.length);
    for (const document of documents) parseOperation(document);
    if (meta === undefined) return;
    assert.ok(meta.clientId === undefined || /^[\x21-\x7e]{1,128}$/.test(meta.clientId));
    assert.match(meta.error, /^[ -~]{0,100}$/);
    assert.ok(meta.advice.intervalMs >= 0 && meta.advice.intervalMs <= 300_000);
    assertSaid(input, meta.successful);
  },
};

function messagesOf(input: Buffer): readonly unknown[] | undefined {
  try {
    return readMessages(input);
  } catch (error) {
    assert.ok(error instanceof JsonError, String(error));
    return undefined;
  }
}

/** Where JSON.parse can read all of it, one of its messages has to say so. */
function assertSaid(input: Buffer, successful: boolean): void {
  let whole: unknown;
  try {
    whole = JSON.parse(input.toString('utf8'));
  } catch {
    // One bad message does not take the others with it; then there is nothing to compare with.
    return;
  }
  assert.ok(Array.isArray(whole));
  const said = (whole as unknown[]).some((message) => {
    const record = message instanceof Object ? (message as Record<string, unknown>) : {};
    return record.channel === EXPECTED.metaChannel && (record.successful === true) === successful;
  });
  assert.ok(said, `nobody says successful: ${successful}`);
}
