import { fuzz } from './fuzzer.js';
import { TARGETS } from './targets/all.js';

/*
 * npm run fuzz [-- --target NAME] [--seconds N | --runs N] [--seed S]
 *
 * Every target, or one, for so long (default 20 s each). What breaks something is made smaller, written to the corpus
 * and told with the seed; the exit code is then 1.
 */

const USAGE = `Usage: npm run fuzz [-- --target NAME] [--seconds N | --runs N] [--seed S]
Targets: ${TARGETS.map((target) => target.name).join(', ')}`;

interface Wanted {
  readonly target: string | undefined;
  readonly seconds: number;
  readonly runs: number;
  readonly seed: number;
}

function wanted(args: readonly string[]): Wanted {
  const valueOf = (name: string): string | undefined => {
    const at = args.indexOf(`--${name}`);
    return at === -1 ? undefined : args[at + 1];
  };
  const runs = valueOf('runs');
  return {
    target: valueOf('target'),
    seconds: Number(valueOf('seconds') ?? (runs === undefined ? 20 : 3_600)),
    runs: Number(runs ?? Infinity),
    seed: Number(valueOf('seed') ?? Date.now() % 1_000_000_000),
  };
}

if (process.argv.some((arg) => arg === '--help' || arg === '-h')) {
  console.log(USAGE);
  process.exit(0);
}
const { target: name, seconds, runs, seed } = wanted(process.argv.slice(2));
const targets = TARGETS.filter((target) => name === undefined || target.name === name);
if (targets.length === 0 || !(seconds > 0) || !(runs > 0) || !Number.isSafeInteger(seed)) {
  console.error(USAGE);
  process.exit(64);
}
console.log(`seed ${seed}`);
console.log(`${'target'.padEnd(16)}${'executions'.padStart(12)}${'per second'.padStart(12)}  findings`);
for (const target of targets) {
  const endMs = performance.now() + seconds * 1_000;
  const { executions, elapsedMs, findings } = fuzz(target, { seed, runs, endMs });
  const rate = Math.round((executions / elapsedMs) * 1_000);
  console.log(
    `${target.name.padEnd(16)}${String(executions).padStart(12)}${String(rate).padStart(12)}  ${findings.length}`,
  );
  for (const { file, error } of findings) {
    process.exitCode = 1;
    console.log(
      `  ${file}\n    ${String(error.stack ?? error)
        .split('\n')
        .slice(0, 6)
        .join('\n    ')}`,
    );
  }
}
