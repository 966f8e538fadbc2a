import { thisMachine } from './machine.js';
import { measure } from './measure.js';
import type { MicroBench } from './micro-bench.js';
import type { Progress } from './progress.js';
import { commitOf } from './repository.js';
import { RESULT_SCHEMA, type Measurement, type MicroResult } from './result.js';

export interface RunParts {
  /** The folder of the project, for its commit. */
  readonly project: string;
  readonly timeMs: number;
  readonly progress: Progress;
}

/** Measures the benches one after the other. */
export async function runSuite(benches: readonly MicroBench[], parts: RunParts): Promise<MicroResult> {
  const { project, timeMs, progress } = parts;
  const date = new Date().toISOString();
  const commit = await commitOf(project);
  const measured: Measurement[] = [];
  for (const [place, bench] of benches.entries()) {
    progress.show(place + 1, benches.length, bench.name);
    measured.push(await measure(bench, timeMs));
  }
  progress.clear();
  return {
    schema: RESULT_SCHEMA,
    kind: 'micro',
    date,
    commit,
    machine: thisMachine(),
    node: process.versions.node,
    timeMs,
    benches: measured,
  };
}
