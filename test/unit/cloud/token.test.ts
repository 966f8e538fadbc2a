import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_TOKEN_LIFE_MS, isToken, lifeOf } from '../../../src/cloud/token.js';

const NOW_MS = 1_800_000_000_000;
const NOW_S = NOW_MS / 1_000;

const jwt = (claims: unknown): string =>
  ['{"alg":"HS256"}', JSON.stringify(claims)]
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.') + '.c2ln';

const cases: [string, string, { endMs: number; renewalMs: number }][] = [
  [
    'an hour is used up to its last minute',
    jwt({ exp: NOW_S + 3_600, iat: NOW_S }),
    { endMs: 3_600_000, renewalMs: 3_540_000 },
  ],
  [
    'of a short life a fifth is left unused',
    jwt({ exp: NOW_S + 10, iat: NOW_S }),
    { endMs: 10_000, renewalMs: 8_000 },
  ],
  [
    'a token that is half used up has the other half',
    jwt({ exp: NOW_S + 1_000, iat: NOW_S - 1_000 }),
    { endMs: 1_000_000, renewalMs: 940_000 },
  ],
  [
    'a clock that is ahead of the token does not end it',
    jwt({ exp: NOW_S - 4_000, iat: NOW_S - 7_600 }),
    { endMs: 3_600_000, renewalMs: 3_540_000 },
  ],
  [
    'a clock in 1970 does not prolong it',
    jwt({ exp: NOW_S + 40 * 365 * 86_400, iat: NOW_S + 40 * 365 * 86_400 - 3_600 }),
    { endMs: 3_600_000, renewalMs: 3_540_000 },
  ],
  [
    'without exp it has the stated default',
    jwt({ iat: NOW_S }),
    { endMs: DEFAULT_TOKEN_LIFE_MS, renewalMs: DEFAULT_TOKEN_LIFE_MS - 60_000 },
  ],
  [
    'an opaque token has the stated default',
    'no-jwt-at-all',
    { endMs: DEFAULT_TOKEN_LIFE_MS, renewalMs: DEFAULT_TOKEN_LIFE_MS - 60_000 },
  ],
  [
    'an exp that is no number counts as none',
    jwt({ exp: '9999999999' }),
    { endMs: DEFAULT_TOKEN_LIFE_MS, renewalMs: DEFAULT_TOKEN_LIFE_MS - 60_000 },
  ],
  [
    'a year is cut to a day',
    jwt({ exp: NOW_S + 365 * 86_400 }),
    { endMs: 86_400_000, renewalMs: 86_340_000 },
  ],
];
for (const [title, token, expected] of cases) {
  test(`the life of a token: ${title}`, () => {
    assert.deepEqual(lifeOf(token, NOW_MS), expected);
  });
}

test('what cannot be sent in a header is no token', () => {
  for (const text of ['', 'a b', 'a\r\nHost: x', 'a"b', 'x'.repeat(8_193)])
    assert.equal(isToken(text), false, text);
  assert.ok(isToken('eyJhbGciOiJIUzI1NiJ9.e30.abc-_='));
});
