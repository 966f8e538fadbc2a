import * as fc from 'fast-check';
import { seeded } from '../helpers/random.js';
import { corpusOf, keep } from './corpus.js';
import { failureOf, minimised, placeOf } from './failure.js';
import { mutated } from './mutation.js';
import type { FuzzTarget } from './target.js';

/** Structured inputs are made in batches of this many. */
const BATCH = 200;

/** Different failures of one target after which the rest of its time is not used. */
const MAX_FINDINGS = 5;

export interface Budget {
  readonly seed: number;
  /** Whichever is reached first. */
  readonly runs: number;
  readonly endMs: number;
}

export interface Finding {
  readonly file: string;
  readonly error: Error;
}

export interface FuzzResult {
  readonly executions: number;
  readonly elapsedMs: number;
  readonly findings: readonly Finding[];
}

/** Runs one target until its budget is used up: first what is known, then mutations and structured inputs in turn. */
export function fuzz(target: FuzzTarget, budget: Budget): FuzzResult {
  const startedMs = performance.now();
  const findings = new Map<string, Finding>();
  let executions = 0;
  for (const input of inputsOf(target, budget.seed)) {
    if (executions >= budget.runs || performance.now() >= budget.endMs) break;
    executions += 1;
    const error = failureOf(target, input);
    if (error === undefined) continue;
    const place = placeOf(error);
    if (findings.has(place)) continue;
    const small = minimised(target, input, place);
    findings.set(place, {
      file: keep(target.name, small, budget.seed),
      error: failureOf(target, small) ?? error,
    });
    if (findings.size === MAX_FINDINGS) break;
  }
  return { executions, elapsedMs: performance.now() - startedMs, findings: [...findings.values()] };
}

/** What is committed and what the hostile cases give. */
export function knownInputs(target: FuzzTarget): Buffer[] {
  return [...corpusOf(target.name).map(({ bytes }) => bytes), ...(target.seeds?.() ?? [])];
}

function* inputsOf(target: FuzzTarget, seed: number): Generator<Buffer> {
  const known = knownInputs(target);
  yield Buffer.alloc(0);
  yield* known;
  const random = seeded(seed);
  const words = (target.dictionary ?? []).map((word) => Buffer.from(word as string));
  const pool = [...known];
  for (let round = 0; ; round += 1) {
    if (target.structured !== undefined) {
      const batch = fc.sample(target.structured, { numRuns: BATCH, seed: seed + round });
      yield* batch;
      // A few stay as something to mutate; the pool does not grow without end.
      if (pool.length < known.length + 500) pool.push(...batch.slice(0, 20));
    }
    for (let index = 0; index < BATCH; index += 1) yield mutated(pool, words, random);
  }
}
