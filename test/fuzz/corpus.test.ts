import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { corpusOf } from './corpus.js';
import { minimised, placeOf, failureOf } from './failure.js';
import { fuzz, knownInputs } from './fuzzer.js';
import { mutated } from './mutation.js';
import { seeded } from '../helpers/random.js';
import type { FuzzTarget } from './target.js';
import { TARGETS } from './targets/all.js';

/** Mutations of each target in every run of the tests; the long runs are started by hand. */
const RUNS = 300;
const SEED = 1;

for (const target of TARGETS) {
  const runs = target.isSlow === true ? RUNS / 10 : RUNS;

  test(`${target.name}: ${target.holds}, for every input that is known`, (t) => {
    assert.ok(corpusOf(target.name).length > 0, 'the corpus is empty');
    const known = knownInputs(target);
    for (const input of known) target.check(input);
    t.diagnostic(`${known.length} inputs`);
  });

  test(`${target.name}: ${target.holds}, for ${runs} others`, () => {
    const random = seeded(SEED);
    const known = knownInputs(target);
    const words = (target.dictionary ?? []).map((word) => Buffer.from(word as string));
    for (let run = 0; run < runs; run += 1) target.check(mutated(known, words, random));
    if (target.structured === undefined) return;
    for (const input of fc.sample(target.structured, { numRuns: runs, seed: SEED })) target.check(input);
  });
}

test('a failure is found again by its place and made smaller', () => {
  const target: FuzzTarget = {
    name: 'example',
    holds: 'no input has a bang',
    check: (input) => assert.ok(!input.includes('!')),
  };
  const input = Buffer.from('a long text! with a bang');
  const error = failureOf(target, input) ?? assert.fail();
  assert.equal(minimised(target, input, placeOf(error)).toString(), '!');
  assert.equal(failureOf(target, Buffer.from('none')), undefined);
});

test('mutation with one seed gives the same inputs, and a target without trouble gives no findings', () => {
  const once = Array.from(
    { length: 50 },
    (
      (random) => () =>
        mutated([Buffer.from('{"id":1}')], [], random)
    )(seeded(7)),
  );
  const again = Array.from(
    { length: 50 },
    (
      (random) => () =>
        mutated([Buffer.from('{"id":1}')], [], random)
    )(seeded(7)),
  );
  assert.deepEqual(once, again);
  assert.ok(new Set(once.map(String)).size > 30);
  const { executions, findings } = fuzz(
    { name: 'none', holds: 'everything', check: () => undefined },
    { seed: 1, runs: 100, endMs: Infinity },
  );
  assert.deepEqual([executions, findings], [100, []]);
});
