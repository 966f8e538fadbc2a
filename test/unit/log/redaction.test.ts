import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import {
  CONNECTION_KEY_KIND,
  MAX_REDACTED_CHARACTERS,
  MAX_SECRETS,
  Redactor,
} from '../../../src/log/redaction.js';

const KEY = '0b8f3a52-6f0e-4f0c-9a35-5d3c1e7f9b10';
const PASSWORD = 'pä$$"w\\rd/+ 1';

function redactorWith(...secrets: readonly (readonly [string, string])[]): Redactor {
  const redactor = new Redactor();
  for (const [secret, kind] of secrets) redactor.add(secret, kind);
  return redactor;
}

for (const [where, text, expected] of [
  ['alone', KEY, '[redacted:key]'],
  ['in a URL', `wss://a/device/${KEY}?x`, 'wss://a/device/[redacted:key]?x'],
  ['at the end of a sentence', `key ${KEY}.`, 'key [redacted:key].'],
  ['inside a longer token', `a-${KEY}-b`, 'a-[redacted:key]-b'],
  ['twice in a row', `${KEY}${KEY}`, '[redacted:key][redacted:key]'],
  ['after a false start', `${KEY.slice(0, 20)}${KEY}`, `${KEY.slice(0, 20)}[redacted:key]`],
  ['not at all', 'nothing here', 'nothing here'],
  ['in part only', KEY.slice(1), KEY.slice(1)],
] as const) {
  test(`a key is taken out where it stands ${where}`, () => {
    assert.equal(redactorWith([KEY, 'key']).redact(text), expected);
  });
}

for (const [form, text] of [
  ['raw', PASSWORD],
  ['percent-encoded', encodeURIComponent(PASSWORD)],
  ['percent-encoded in lower case', encodeURIComponent(PASSWORD).toLowerCase()],
  ['JSON-escaped', JSON.stringify({ PASSWORD })],
  ['JSON-escaped twice', JSON.stringify(JSON.stringify({ PASSWORD }))],
] as const) {
  test(`a password is taken out ${form}`, () => {
    const redacted = redactorWith([PASSWORD, 'password']).redact(`<${text}>`);
    assert.match(redacted, /^<.*\[redacted:password\].*>$/);
    assert.ok(!redacted.includes('w\\') && !redacted.includes('%24'), redacted);
  });
}

test('a password is taken out of the base64 of any header it is part of', () => {
  const redactor = redactorWith(['a long enough secret', 'password']);
  for (const user of ['', 'u', 'us', 'use', 'user']) {
    const header = Buffer.from(`${user}:a long enough secret:tail`);
    for (const encoding of ['base64', 'base64url'] as const) {
      const redacted = redactor.redact(`Basic ${header.toString(encoding)}`);
      assert.match(redacted, /^Basic .{0,9}\[redacted:password\].{0,12}$/);
    }
  }
});

test('a secret that contains another one is taken out as a whole', () => {
  const redactor = redactorWith(['password', 'part'], ['password-and-more', 'whole']);
  assert.equal(redactor.redact('password-and-more, password'), '[redacted:whole], [redacted:part]');
});

test('of two secrets that overlap neither shows', () => {
  const redactor = redactorWith(['password-one', 'first'], ['one-and-more', 'second']);
  assert.equal(redactor.redact('<password-one-and-more>'), '<[redacted:first]>');
});

test('a short password is taken out, a single letter is not', () => {
  const redactor = redactorWith(['abcd', 'password'], ['x', 'password'], ['', 'password']);
  assert.equal(redactor.redact('xabcdx'), 'x[redacted:password]x');
});

test('a kind with replacement patterns is written as it is', () => {
  assert.equal(redactorWith(['abcd', '$&']).redact('abcd'), '[redacted:$&]');
});

test('a secret that was added twice stays until it was removed twice', () => {
  const redactor = redactorWith([KEY, 'key'], [KEY, 'key']);
  redactor.remove(KEY);
  assert.equal(redactor.redact(KEY), '[redacted:key]');
  redactor.remove(KEY);
  redactor.remove(KEY);
  assert.equal(redactor.redact(KEY), KEY);
  assert.equal(redactor.size, 0);
});

test('20,000 keys are each found, and each gone when removed', () => {
  const redactor = new Redactor();
  const keys = Array.from({ length: 20_000 }, () => randomUUID());
  for (const key of keys) redactor.add(key, CONNECTION_KEY_KIND);
  for (const key of keys)
    assert.equal(redactor.redact(`{"url":"${key}"}`), '{"url":"[redacted:connection-key]"}');
  for (const key of keys) redactor.remove(key);
  assert.equal(redactor.redact(keys.join(' ')), keys.join(' ').slice(0, MAX_REDACTED_CHARACTERS) + '…');
});

test('beyond the bound the oldest connection keys are forgotten, configured secrets never', () => {
  const redactor = redactorWith(['the configured password', 'password']);
  for (let index = 0; index <= MAX_SECRETS; index++) redactor.add(`key-${index}-key`, CONNECTION_KEY_KIND);
  assert.equal(redactor.size, MAX_SECRETS);
  assert.equal(redactor.redact('key-0-key'), 'key-0-key');
  assert.equal(redactor.redact(`key-${MAX_SECRETS}-key`), '[redacted:connection-key]');
  assert.equal(redactor.redact('the configured password'), '[redacted:password]');
});

test('what is behind the longest text is cut off, because nobody searched it', () => {
  const redacted = redactorWith([KEY, 'key']).redact(`${' '.repeat(MAX_REDACTED_CHARACTERS)}${KEY}`);
  assert.equal(redacted.length, MAX_REDACTED_CHARACTERS + 1);
  assert.ok(!redacted.includes(KEY));
});
