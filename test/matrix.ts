import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/*
 * `npm run test:matrix [-- 22 24]`: the same built tests on other Node versions. The binaries come from the npm package
 * `node`, one folder per version under .matrix/.
 */
const VERSIONS = ['20', '22', '24', '26'];
const root = fileURLToPath(new URL('../../', import.meta.url));
const wanted = process.argv.slice(2);
const results = new Map<string, boolean>();

for (const version of wanted.length > 0 ? wanted : VERSIONS) {
  const folder = path.join(root, '.matrix', version);
  mkdirSync(folder, { recursive: true });
  // The package only places the binary that a platform package of its own carries; its install script does that.
  run('npm', ['install', '--prefix', folder, '--no-save', '--ignore-scripts=false', `node@${version}`]);
  const node = path.join(folder, 'node_modules', 'node', 'bin', 'node');
  console.log(`\n== Node ${version}`);
  run(node, ['--version']);
  results.set(version, run(node, [path.join(root, 'dist', 'test', 'run.js')]));
}
for (const [version, isGood] of results) console.log(`Node ${version}: ${isGood ? 'passed' : 'FAILED'}`);
process.exitCode = [...results.values()].every(Boolean) ? 0 : 1;

function run(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'inherit' }).status === 0;
}
