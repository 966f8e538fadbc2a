import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/*
 * Runs the built tests with Node's own runner: all of them, or the files whose path contains one of the arguments
 * (`unit`, `system`, `system/policy`). The files are listed here because the runner of Node 20 knows no globs.
 */
const root = path.dirname(fileURLToPath(import.meta.url));
const wanted = process.argv.slice(2);
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.js'))
  .filter((file) => wanted.length === 0 || wanted.some((word) => file.includes(word)))
  .sort()
  .map((file) => path.join(root, file));

if (files.length === 0) {
  console.error(`No test file matches ${wanted.join(', ')}.`);
  process.exit(1);
}
// Most tests wait for sockets and processes, so one at a time, which is Node's choice for two processors, leaves them idle.
const together = `--test-concurrency=${Math.max(2, availableParallelism() - 1)}`;
spawn(process.execPath, ['--test', together, '--test-reporter=spec', ...files], { stdio: 'inherit' }).on(
  'exit',
  (code) => {
    process.exitCode = code ?? 1;
  },
);
