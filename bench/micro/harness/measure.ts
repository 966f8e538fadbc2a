import { performance } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { Bench, type Statistics } from 'tinybench';
import type { MicroBench, Subject } from './micro-bench.js';
import type { Measurement } from './result.js';

/**
 * Length of one sample, in ms. Reading the clock costs about 40 ns, so an operation of 20 ns cannot be timed alone:
 * calls are made in a row until the clock is below a thousandth of the sample.
 */
const SAMPLE_MS = 0.05;

/** Most calls in one sample: an operation that the compiler removes altogether must not calibrate for ever. */
const MAX_CALLS = 1_048_576;

/** Fewest samples, also of an operation that is slow against the time that was asked for. */
const MIN_SAMPLES = 16;

/** Part of the measuring time that is spent before it, so that the operation is compiled and its memory is there. */
const WARM_UP_SHARE = 1 / 6;

const NS_PER_MS = 1e6;
const NS_PER_S = 1e9;
const BYTES_PER_GIB = 2 ** 30;

/** Measures one bench for about `timeMs`. Throws what the bench throws. */
export async function measure(bench: MicroBench, timeMs: number): Promise<Measurement> {
  blurLoop();
  const subject = await bench.prepare();
  try {
    const calls = await warmUp(bench, subject, timeMs * WARM_UP_SHARE);
    const operations = calls * (bench.operations ?? 1);
    return measurement(bench, operations, await statistics(bench, subject, { calls, operations, timeMs }));
  } finally {
    await subject.close?.();
  }
}

/** Runs the subject for `warmUpMs`; gives the number of calls that make a sample. */
async function warmUp(bench: MicroBench, subject: Subject, warmUpMs: number): Promise<number> {
  const endMs = performance.now() + warmUpMs;
  let calls = 1;
  for (;;) {
    const tookMs = await sample(bench, subject, calls);
    await turn();
    const isLongEnough = tookMs >= SAMPLE_MS || calls >= MAX_CALLS;
    if (isLongEnough && performance.now() >= endMs) return calls;
    if (!isLongEnough) calls *= 2;
  }
}

interface Plan {
  readonly calls: number;
  readonly operations: number;
  readonly timeMs: number;
}

async function statistics(bench: MicroBench, subject: Subject, plan: Plan): Promise<Statistics> {
  const runner = new Bench({ time: plan.timeMs, iterations: MIN_SAMPLES, warmup: false, throws: true });
  const task = async (): Promise<object> => {
    const startMs = performance.now();
    const tookMs = await sample(bench, subject, plan.calls);
    // What the operations left to the event loop is done between the samples, and does not pile up.
    await turn();
    return {
      overriddenDuration: tookMs / plan.operations,
      overriddenIterationCost: performance.now() - startMs,
    };
  };
  runner.add(bench.name, task, { async: true });
  const [done] = await runner.run();
  if (done?.result.state !== 'completed') throw new Error(`the bench "${bench.name}" did not complete`);
  return done.result.latency;
}

/** Time of `calls` calls, in ms. */
async function sample({ isAsync }: MicroBench, subject: Subject, calls: number): Promise<number> {
  const startMs = performance.now();
  if (isAsync === true) await repeatAsync(subject, calls);
  else repeat(subject, calls);
  return performance.now() - startMs;
}

function repeat(subject: Subject, calls: number): void {
  for (let call = 0; call < calls; call += 1) subject.run();
}

async function repeatAsync(subject: Subject, calls: number): Promise<void> {
  for (let call = 0; call < calls; call += 1) await subject.run();
}

/**
 * The loop sees several subjects before it is measured. Otherwise the first bench, and it alone, would be compiled
 * into the loop, and its figure would depend on which benches run.
 */
function blurLoop(): void {
  const subjects = [
    { run: () => 1 },
    { run: () => 'a' },
    { run: () => undefined },
    { run: () => true },
    { run: () => null },
  ];
  for (const subject of subjects) repeat(subject, 10);
}

function measurement(bench: MicroBench, operations: number, latency: Statistics): Measurement {
  const p50Ns = latency.p50 * NS_PER_MS;
  return {
    name: bench.name,
    operationsPerSecond: NS_PER_S / p50Ns,
    p50Ns,
    p99Ns: latency.p99 * NS_PER_MS,
    meanNs: latency.mean * NS_PER_MS,
    marginPercent: latency.rme,
    samples: latency.samplesCount,
    operationsPerSample: operations,
    ...(bench.bytes === undefined
      ? {}
      : { bytes: bench.bytes, gibPerSecond: (bench.bytes / BYTES_PER_GIB) * (NS_PER_S / p50Ns) }),
  };
}
