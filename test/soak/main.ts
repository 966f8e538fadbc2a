import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { LedgerEntry, readLedger, totals } from './ledger.js';
import { USAGE, parseOptions, type SoakOptions } from './options.js';
import { reportText } from './report.js';
import { Soak, type SoakResult } from './soak.js';

/** The sources, seen from dist/test/soak. */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const LEDGER = path.join(ROOT, 'test', 'soak', 'ledger.jsonl');

/** EX_USAGE. */
const EXIT_USAGE = 64;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(): Promise<number> {
  const began = new Date();
  let options: SoakOptions | 'help';
  try {
    options = parseOptions(process.argv.slice(2), began);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return EXIT_USAGE;
  }
  if (options === 'help') {
    say(USAGE);
    return 0;
  }
  say(`${options.sessions} sessions at a time for ${options.minutes} min, seed ${options.seed}`);
  const result = await new Soak(options, say).run();
  say(reportText(result));
  if (options.record) {
    appendFileSync(LEDGER, `${JSON.stringify(entryOf(began, options, result))}\n`);
    const { hours, bytes } = totals(readLedger(readFileSync(LEDGER, 'utf8')));
    say(`The ledger has ${hours.toFixed(1)} hours and ${(bytes / 1024 ** 3).toFixed(1)} GiB now.`);
  }
  return result.verdict === 'passed' ? 0 : 1;
}

function entryOf(began: Date, options: SoakOptions, result: SoakResult): LedgerEntry {
  const { slopes } = result;
  const rounded = (value: number): number => Math.round(value * 10) / 10;
  return LedgerEntry.parse({
    date: began.toISOString(),
    version: (JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { version: string })
      .version,
    commit: commit(),
    node: process.versions.node,
    seed: options.seed,
    isolation: options.isolation,
    minutes: result.minutes,
    concurrentSessions: options.sessions,
    sessions: result.sessions,
    whole: result.whole,
    bytesVerified: result.bytesVerified,
    faults: result.faults,
    lostToFaults: result.lostToFaults,
    slopes: {
      rssMiBPerHour: rounded(slopes.rssMiBPerHour),
      heapMiBPerHour: rounded(slopes.heapMiBPerHour),
      descriptorsPerHour: rounded(slopes.descriptorsPerHour),
      handlesPerHour: rounded(slopes.handlesPerHour),
    },
    wrongBytes: result.wrong.length,
    crossed: result.crossed,
    unexplained: result.unexplained.length,
    verdict: result.verdict,
  });
}

function commit(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
  try {
    const changes = git('status', '--porcelain', '--untracked-files=no');
    return `${git('rev-parse', '--short=10', 'HEAD')}${changes === '' ? '' : '+'}`;
  } catch {
    return 'unknown';
  }
}

process.exit(await main());
