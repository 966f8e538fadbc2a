import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backoff } from '../../../src/cloud/backoff.js';
import { LinkError } from '../../../src/cloud/link-error.js';
import { RestError } from '../../../src/cloud/rest-error.js';
import { TokenCache } from '../../../src/cloud/token-cache.js';
import { TokenError } from '../../../src/cloud/token-error.js';
import { TokenFetcher } from '../../../src/cloud/token-fetcher.js';
import type { TokenWay } from '../../../src/cloud/token-way.js';

const BACKOFF = { baseMs: 1_000, capMs: 60_000, slowCapMs: 300_000, resetMs: 60_000 };

/** A cache whose clock stands still until the test moves it, before a cloud that gives tokens of 100 s. */
function bench() {
  const clock = { ms: 1_000_000 };
  const asked: string[] = [];
  const answers: (string | Error)[] = [];
  const kept: string[] = [];
  const cache = new TokenCache({
    fetch: async () => {
      await Promise.resolve();
      const answer = answers.shift() ?? token(clock.ms, `t${asked.length}`);
      asked.push(String(answer));
      if (answer instanceof Error) throw answer;
      return answer;
    },
    cloudNow: () => clock.ms,
    monotonic: () => clock.ms,
    backoff: new Backoff(
      BACKOFF,
      () => clock.ms,
      () => 1,
    ),
    timing: { tokenFetchMs: 1_000, tokenGapMs: 5_000 },
    onToken: (fresh) => kept.push(fresh.reveal()),
  });
  const current = async () => (await cache.current()).reveal();
  const renewed = async (refused: string) => (await cache.renewed(refused))?.reveal();
  return { clock, asked, answers, kept, cache, current, renewed };
}

function token(nowMs: number, name: string): string {
  const claims = { exp: nowMs / 1_000 + 100, iat: nowMs / 1_000, jti: name };
  return `x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`;
}

const refusal = () => new RestError('status', 'refused', { status: 401 });

test('a token is fetched once for all who wait, and kept until shortly before its end', async () => {
  const { clock, asked, current } = bench();
  const [first, second] = await Promise.all([current(), current()]);
  assert.equal(first, second);
  clock.ms += 79_000;
  assert.equal(await current(), first);
  assert.equal(asked.length, 1);
  clock.ms += 2_000;
  assert.notEqual(await current(), first);
  assert.equal(asked.length, 2);
});

test('while a token is still good, a fetch that fails does no harm', async () => {
  const { clock, answers, current } = bench();
  const first = await current();
  clock.ms += 90_000;
  answers.push(new LinkError('no network'));
  assert.equal(await current(), first);
  clock.ms += 11_000;
  answers.push(new LinkError('no network'));
  await assert.rejects(current(), TokenError);
});

test('refusals are backed off: meanwhile everybody hears why at once, and nobody is asked', async () => {
  const { clock, asked, answers, current } = bench();
  answers.push(refusal(), refusal(), refusal());
  await assert.rejects(current(), /^TokenError: no token for the device certificate: refused$/);
  await assert.rejects(current(), TokenError);
  clock.ms += 999;
  await assert.rejects(current(), TokenError);
  assert.equal(asked.length, 1);
  clock.ms += 1;
  await assert.rejects(current(), TokenError);
  clock.ms += 1_999;
  await assert.rejects(current(), TokenError);
  assert.equal(asked.length, 2);
  clock.ms += 1;
  await assert.rejects(current(), TokenError);
  assert.equal(asked.length, 3);
  clock.ms += 4_000;
  assert.ok(await current());
});

test('a token that was refused is replaced once, for everybody that it was refused to', async () => {
  const { clock, asked, current, renewed } = bench();
  const first = await current();
  clock.ms += 6_000;
  const [one, other] = await Promise.all([renewed(first), renewed(first)]);
  assert.ok(one !== undefined && one === other && one !== first);
  assert.equal(await renewed(first), one, 'who comes late gets the new one as well');
  assert.equal(asked.length, 2);
});

test('a token that is refused as soon as it is there is not replaced by the next', async () => {
  const { clock, asked, current, renewed } = bench();
  const first = await current();
  clock.ms += 4_999;
  assert.equal(await renewed(first), undefined);
  assert.equal(asked.length, 1);
});

test('a cloud that gives the refused token again is not believed', async () => {
  const { clock, answers, current, renewed } = bench();
  const first = await current();
  clock.ms += 6_000;
  answers.push(first);
  assert.equal(await renewed(first), undefined);
});

test('every token is told, so that none is ever logged', async () => {
  const { clock, kept, current, renewed } = bench();
  const first = await current();
  clock.ms += 6_000;
  const second = await renewed(first);
  assert.deepEqual(kept, [first, second]);
});

const way = (kind: TokenWay['kind'], answers: (string | Error)[], asked: string[]): TokenWay => ({
  kind,
  fetch: () => {
    asked.push(kind);
    const answer = answers.shift() ?? new LinkError(`${kind} is down`);
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  },
  close: () => Promise.resolve(),
});

test('MQTT is asked where the endpoint is of no use, and once one way has worked it is the only one', async () => {
  const asked: string[] = [];
  const outcomes: string[] = [];
  const fetcher = new TokenFetcher({
    ways: [way('endpoint', [], asked), way('mqtt', ['one', 'two'], asked)],
    overLink: () => undefined,
    onFetch: (kind, outcome) => outcomes.push(`${kind} ${outcome}`),
  });
  const { signal } = new AbortController();
  assert.equal(await fetcher.fetch(signal), 'one');
  assert.equal(await fetcher.fetch(signal), 'two');
  await assert.rejects(fetcher.fetch(signal), TokenError);
  assert.deepEqual(asked, ['endpoint', 'mqtt', 'mqtt', 'mqtt']);
  assert.deepEqual(outcomes, ['endpoint failed', 'mqtt ok', 'mqtt ok', 'mqtt failed']);
});

test('where all ways fail, the sentence names each, and what passes by itself decides how soon to try again', async () => {
  const asked: string[] = [];
  const fetcher = new TokenFetcher({
    ways: [way('endpoint', [refusal()], asked), way('mqtt', [], asked)],
    overLink: () => undefined,
    onFetch: () => undefined,
  });
  const error: unknown = await fetcher.fetch(new AbortController().signal).catch((reason: unknown) => reason);
  assert.ok(error instanceof TokenError);
  assert.equal(error.message, 'no token for the device certificate: refused; mqtt is down');
  assert.deepEqual([error.pace, error.trouble, error.status], [{ kind: 'normal' }, 'unreachable', undefined]);
});
