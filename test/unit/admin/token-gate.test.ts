import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../../../contract/secret.js';
import { MAX_TOKEN_ADDRESSES } from '../../../src/admin/limits.js';
import { TokenGate } from '../../../src/admin/token-gate.js';

const RIGHT = 'Bearer correct-horse';

function gate(now: () => number = () => 0): TokenGate {
  return new TokenGate(new Secret('correct-horse'), now);
}

test('lets the right token in, whatever the case of the scheme', () => {
  assert.equal(gate().judge(RIGHT, 'a'), undefined);
  assert.equal(gate().judge('bearer correct-horse', 'a'), undefined);
});

test('lets everybody in when there is no token', () => {
  assert.equal(new TokenGate(undefined, () => 0).judge(undefined, 'a'), undefined);
});

for (const [what, header] of [
  ['no header', undefined],
  ['an empty one', ''],
  ['no token', 'Bearer '],
  ['a wrong token', 'Bearer wrong'],
  ['the beginning of the token', 'Bearer correct'],
  ['more than the token', 'Bearer correct-horse-staple'],
  ['10 KiB', `Bearer ${'a'.repeat(10_240)}`],
  ['basic authentication', 'Basic Y29ycmVjdC1ob3JzZQ=='],
  ['two tokens', 'Bearer correct-horse correct-horse'],
] as const) {
  test(`refuses ${what}`, () => {
    assert.equal(gate().judge(header, 'a'), 'unauthorized');
  });
}

test('ten wrong tokens block an address for a minute, and no other', () => {
  let nowMs = 0;
  const blocked = gate(() => nowMs);
  for (let guess = 0; guess < 10; guess += 1) assert.equal(blocked.judge('Bearer no', 'a'), 'unauthorized');
  assert.equal(blocked.judge(RIGHT, 'a'), 'too-many-failures');
  assert.equal(blocked.judge(RIGHT, 'b'), undefined);
  nowMs = 59_999;
  assert.equal(blocked.judge(RIGHT, 'a'), 'too-many-failures');
  nowMs = 60_000;
  assert.equal(blocked.judge(RIGHT, 'a'), undefined);
});

test('a scraper without a token is refused but never blocked', () => {
  const open = gate();
  for (let scrape = 0; scrape < 50; scrape += 1) assert.equal(open.judge(undefined, 'a'), 'unauthorized');
  assert.equal(open.judge(RIGHT, 'a'), undefined);
});

test('remembers a bounded number of addresses, the newest ones', () => {
  const full = gate();
  const guess = (address: string): unknown => full.judge('Bearer no', address);
  for (let count = 0; count < 10; count += 1) guess('first');
  assert.equal(full.judge(RIGHT, 'first'), 'too-many-failures');
  for (let index = 0; index < MAX_TOKEN_ADDRESSES; index += 1) guess(`10.0.${index >> 8}.${index & 255}`);
  assert.equal(full.judge(RIGHT, 'first'), undefined);
});
