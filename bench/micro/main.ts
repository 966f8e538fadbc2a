import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { readArguments, UsageError, type MicroArguments } from './harness/arguments.js';
import { comparisonText } from './harness/comparison-table.js';
import { compare } from './harness/compare.js';
import { Progress } from './harness/progress.js';
import { PROJECT } from './harness/repository.js';
import { resultTable } from './harness/result-table.js';
import { jsonText, storeResult } from './harness/result.js';
import { runSuite } from './harness/run-suite.js';
import { select } from './harness/selection.js';
import { suite } from './suite.js';

/*
 * `npm run bench`: the micro benches. Exit codes: 0 done, 1 a bench failed, 2 bad input, 130 stopped by a signal.
 */
const RESULTS = path.join('bench', 'results', 'micro');
const progress = new Progress(process.stderr);

process.exitCode = await main(process.argv.slice(2));

async function main(words: readonly string[]): Promise<number> {
  try {
    const options = readArguments(words);
    if (options === undefined) return 0;
    if (options.compare !== undefined) return await runComparison(options.compare, options);
    if (options.list) printNames(options);
    else await runBenches(options);
    return 0;
  } catch (error) {
    progress.clear();
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    return 2;
  }
}

function printNames(options: MicroArguments): void {
  for (const { name } of select(suite(), options)) console.log(name);
}

async function runBenches(options: MicroArguments): Promise<void> {
  const all = suite();
  const benches = select(all, options);
  const result = await runSuite(benches, { project: PROJECT, timeMs: options.timeMs, progress });
  print(resultTable(result.benches), result, options.json);
  if (!options.store || options.json === '-') return;
  if (benches.length < all.length) {
    console.error(
      `Not stored: ${benches.length} of ${all.length} benches ran; a stored result has all of them.`,
    );
  } else {
    const file = storeResult(path.join(PROJECT, RESULTS), result);
    console.error(`Stored in ${path.relative(process.cwd(), file)}`);
  }
}

/** A first Ctrl-C ends the comparison and takes the built commit away; npm may pass the same one on again. */
async function runComparison(ref: string, options: MicroArguments): Promise<number> {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    const { signal } = controller;
    const comparison = await compare(ref, options, { project: PROJECT, progress, signal });
    print(comparisonText(comparison), comparison, options.json);
    return 0;
  } catch (error) {
    if (!controller.signal.aborted) throw error;
    console.error('Stopped; what was built for the comparison is removed.');
    return 130;
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

/** The text for people and the file, or JSON alone. */
function print(text: string, value: object, json: string | undefined): void {
  if (json === '-') return void process.stdout.write(jsonText(value));
  process.stdout.write(text);
  if (json !== undefined) writeFileSync(json, jsonText(value));
}
