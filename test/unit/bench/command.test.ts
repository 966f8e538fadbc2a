import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readArguments, UsageError } from '../../../bench/micro/harness/arguments.js';
import { resultSchema } from '../../../bench/micro/harness/result.js';
import { select } from '../../../bench/micro/harness/selection.js';

const MAIN = fileURLToPath(new URL('../../../bench/micro/main.js', import.meta.url));

/** Longest time for one command here, in ms; each takes a fraction of a second. */
const COMMAND_MS = 60_000;

function bench(...words: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [MAIN, ...words], { encoding: 'utf8', timeout: COMMAND_MS });
}

describe('the command line', () => {
  test('runs everything and stores it when nothing is said', () => {
    const options = readArguments([]);
    assert.deepEqual(options?.words, []);
    assert.equal(options.timeMs, 300);
    assert.equal(options.store, true);
    assert.equal(options.compare, undefined);
  });

  test('takes words behind the commit to compare with, and shorter times', () => {
    const options = readArguments(['--compare', 'HEAD~3', 'mask', 'slot']);
    assert.equal(options?.compare, 'HEAD~3');
    assert.deepEqual(options.words, ['mask', 'slot']);
    assert.equal(options.timeMs, 100);
    assert.equal(options.rounds, 6);
  });

  const bad = [
    [['--time', '0'], /--time.*whole number from 1 to 60000/],
    [['--time', '1e3'], /whole number/],
    [['--time'], /--time/],
    [['--compare', 'main', '--rounds', '4'], /--rounds.*from 5 to 100/],
    [['--rounds', '6'], /--rounds needs --compare/],
    [['--list', '--compare', 'main'], /--list does not go/],
    [['--json', '/no/such/folder/x.json'], /--json.*does not exist/],
    [['--wat'], /unknown option '--wat'/],
  ] as const;
  for (const [words, sentence] of bad) {
    test(`refuses ${words.join(' ')} with a sentence`, () => {
      assert.throws(
        () => readArguments(words),
        (error) => error instanceof UsageError && sentence.test(error.message),
      );
    });
  }

  test('selects by a part of the name in any case, or by the whole of it', () => {
    const all = [{ name: 'mask 16 B' }, { name: 'mask 1024 B' }, { name: 'slot' }];
    const names = (words: readonly string[], exact = false): string[] =>
      select(all, { words, exact }).map(({ name }) => name);
    assert.deepEqual(names([]), ['mask 16 B', 'mask 1024 B', 'slot']);
    assert.deepEqual(names(['SLOT', 'mask 1']), ['mask 16 B', 'mask 1024 B', 'slot']);
    assert.deepEqual(names(['mask 16 B'], true), ['mask 16 B']);
    assert.throws(() => names(['mask'], true), UsageError);
  });
});

describe('npm run bench', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'micro-command-'));
  after(() => rmSync(folder, { recursive: true }));

  test('prints a table, and writes the same as JSON where it is told to', () => {
    const file = path.join(folder, 'out.json');
    const { status, stdout, stderr } = bench('slot', '--time', '1', '--no-store', '--json', file);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^bench +ops\/s +p50 +p99 +± % +samples +GiB\/s$/m);
    const { benches } = resultSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
    for (const { name } of benches) assert.ok(stdout.includes(name), name);
    assert.equal(stderr, '', 'progress is for terminals');
  });

  test('prints JSON alone with --json -', () => {
    const { stdout } = bench('slot of 4096', '--time', '1', '--json', '-');
    assert.equal(resultSchema.parse(JSON.parse(stdout)).benches.length, 1);
  });

  test('stores no result of a part of the benches', () => {
    const { stderr } = bench('slot of 4096', '--time', '1');
    assert.match(stderr, /^Not stored: 1 of \d+ benches/);
  });

  test('explains itself with examples', () => {
    const { status, stdout } = bench('--help');
    assert.equal(status, 0);
    assert.match(stdout, /npm run bench -- --compare main/);
  });

  const bad = [
    [['no-such-bench'], /^No bench has a name that contains "no-such-bench"; --list shows them\.\n$/],
    [['--compare', 'no-such-commit'], /^There is no commit "no-such-commit" here/],
    [['--compare', '--output=x'], /^There is no commit "--output=x" here/],
  ] as const;
  for (const [words, sentence] of bad) {
    test(`exits with 2 and a sentence for ${words.join(' ')}`, () => {
      const { status, stdout, stderr } = bench(...words);
      assert.equal(status, 2);
      assert.equal(stdout, '');
      assert.match(stderr, sentence);
    });
  }
});
