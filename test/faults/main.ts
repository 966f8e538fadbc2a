import { writeFileSync } from 'node:fs';
import { isRunRow, type Row } from './row.js';
import { parseArguments, USAGE, type RunnerArguments } from './runner/arguments.js';
import { loadCatalogue } from './runner/catalogue-module.js';
import { thisMachine } from './runner/machine.js';
import { progressLine, resultsDocument, summary } from './runner/report.js';
import { runRows } from './runner/runner.js';

/* `npm run faults`: provokes the faults of the catalogue, one process for each, and says what came of it. */

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function familyOf(id: string): string {
  return id.slice(0, 1);
}

function selected(catalogue: readonly Row[], { only, fast }: RunnerArguments): readonly Row[] {
  const unknown = only?.filter((word) => !catalogue.some(({ id }) => id === word || familyOf(id) === word));
  if (unknown !== undefined && unknown.length > 0) throw new Error(`There is no row ${unknown.join(', ')}.`);
  return catalogue
    .filter(({ id }) => only === undefined || only.includes(id) || only.includes(familyOf(id)))
    .filter((row) => !fast || (isRunRow(row) && row.tier === 'fast'));
}

async function main(args: RunnerArguments): Promise<number> {
  const catalogue = await loadCatalogue(args.catalogue);
  const rows = selected(catalogue, args);
  if (args.list) {
    for (const row of rows)
      print(`${row.id}  ${isRunRow(row) ? row.tier.padEnd(7) : 'not run'}  ${row.fault} -> ${row.required}`);
    return 0;
  }
  const startedAt = performance.now();
  const interruption = new AbortController();
  process.once('SIGINT', () => interruption.abort());
  process.once('SIGTERM', () => interruption.abort());
  const results = await runRows(rows, {
    machine: thisMachine(),
    catalogue: args.catalogue,
    repeat: args.repeat,
    jobs: args.jobs,
    signal: interruption.signal,
    onResult: (row, result, detail) => {
      print(progressLine(row, result));
      if (detail !== undefined) print(detail.replace(/^/gm, '      '));
    },
  });
  print(summary(results, catalogue.length));
  if (args.json !== undefined) {
    const seconds = (performance.now() - startedAt) / 1_000;
    writeFileSync(
      args.json,
      `${JSON.stringify(resultsDocument(results, catalogue.length, seconds), null, 2)}\n`,
    );
  }
  return results.some(({ outcome }) => outcome === 'failed' || outcome === 'leaked') ? 1 : 0;
}

try {
  process.exitCode = await main(parseArguments(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  process.exitCode = 64;
}
