import assert from 'node:assert/strict';
import { test } from 'node:test';
import { paceOfRestError, RestError, retryAfterMs } from '../../../src/cloud/rest-error.js';

const NOON = Date.UTC(2026, 4, 1, 12, 0, 0);

const headers: [string | undefined, number | undefined][] = [
  ['7', 7_000],
  ['0', 1_000],
  ['1000000000', 600_000],
  [new Date(NOON + 30_000).toUTCString(), 30_000],
  [new Date(NOON - 30_000).toUTCString(), 1_000],
  [new Date(NOON + 1e10).toUTCString(), 600_000],
  [undefined, undefined],
  ['', undefined],
  ['-5', undefined],
  ['soon', undefined],
  ['1.5', undefined],
];
for (const [header, ms] of headers) {
  test(`A05: Retry-After ${JSON.stringify(header)} means ${String(ms)} ms`, () => {
    assert.equal(retryAfterMs(header, NOON), ms);
  });
}

test('Retry-After counts where the trouble passes by itself', () => {
  const pace = (status: number) =>
    paceOfRestError(new RestError('status', '', { status, retryAfterMs: 7_000 }));
  for (const status of [429, 500, 503]) assert.deepEqual(pace(status), { kind: 'after', ms: 7_000 });
  for (const status of [401, 403, 404]) assert.deepEqual(pace(status), { kind: 'slow' });
});

test('what a person has to mend is asked for slowly, what passes by itself soon', () => {
  const pace = (status: number) => paceOfRestError(new RestError('status', '', { status })).kind;
  assert.deepEqual([401, 403, 404, 302].map(pace), ['slow', 'slow', 'slow', 'slow']);
  assert.deepEqual([408, 429, 500, 502, 503].map(pace), ['normal', 'normal', 'normal', 'normal', 'normal']);
  assert.equal(paceOfRestError(new RestError('tls', '')).kind, 'slow');
  assert.equal(paceOfRestError(new RestError('too-big', '')).kind, 'normal');
  assert.equal(paceOfRestError(new RestError('unreachable', '')).kind, 'normal');
});
