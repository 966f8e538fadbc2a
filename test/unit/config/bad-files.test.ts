import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../../../src/config/load.js';
import { ConfigError } from '../../../src/config/problem.js';

/*
 * Each file in test/data/hostile/config is invalid and says at its top what has to be found:
 *
 *     # expect <line> <key>: <part of the sentence>
 */
const FOLDER = fileURLToPath(new URL('../../../../test/data/hostile/config/', import.meta.url));

const copies = mkdtempSync(path.join(tmpdir(), 'gatehouse-bad-'));
after(() => rmSync(copies, { recursive: true, force: true }));

/** Every secret in these files begins like this. */
const CANARY = /canary.secret|7042331/;

interface Expected {
  readonly line: number;
  readonly key: string;
  readonly part: string;
}

function expectedIn(text: string): Expected[] {
  return [...text.matchAll(/^# expect (\d+) (\S*?) ?: (.+)$/gm)].map(([, line, key = '', part = '']) => ({
    line: Number(line),
    key,
    part,
  }));
}

function problemsOf(file: string): ConfigError {
  try {
    // A checkout makes them readable for everybody, which would be one more problem.
    const own = path.join(copies, file);
    copyFileSync(path.join(FOLDER, file), own);
    chmodSync(own, 0o600);
    loadConfig({ file: own, env: {}, cwd: FOLDER });
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  return assert.fail(`${file} was accepted`);
}

const files = readdirSync(FOLDER).filter((file) => file.endsWith('.yaml'));

test('there are bad files to try', () => assert.ok(files.length >= 20));

for (const file of files) {
  test(`${file} is refused with every problem at its line`, () => {
    const expected = expectedIn(readFileSync(path.join(FOLDER, file), 'utf8'));
    const error = problemsOf(file);
    const left = [...error.problems];
    for (const { line, key, part } of expected) {
      const index = left.findIndex(
        ({ source, key: found, message }) =>
          source.kind === 'file' && source.line === line && found === key && message.includes(part),
      );
      assert.notEqual(index, -1, `no problem "${part}" of ${key} in line ${line}:\n${error.message}`);
      left.splice(index, 1);
    }
    assert.deepEqual(left, [], 'problems that the file does not expect');
    assert.ok(expected.length > 0);
    assert.doesNotMatch(error.message, CANARY);
  });
}
