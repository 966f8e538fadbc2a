import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { loadConfig, type LoadedConfig } from '../../src/config/load.js';
import { ConfigError } from '../../src/config/problem.js';
import { surface } from './cases.js';
import { contentOf, type ConfigCase } from './config-cases.js';

const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-hostile-'));
const SOCKET = path.join(folder, 'socket');
const server = createServer();

before(async () => {
  mkdirSync(path.join(folder, 'directory'));
  execFileSync('mkfifo', [path.join(folder, 'fifo')]);
  symlinkSync(path.join(folder, 'loop'), path.join(folder, 'loop'));
  await new Promise<void>((resolve) => server.listen(SOCKET, resolve));
});
after(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

function fileOf(one: ConfigCase): string {
  if (one.path === 'long') return path.join(folder, 'a'.repeat(300));
  if (one.path !== undefined) return path.resolve(folder, one.path);
  const file = path.join(folder, 'case.yaml');
  writeFileSync(file, contentOf(one), { mode: 0o600 });
  return file;
}

function outcomeOf(one: ConfigCase): LoadedConfig | ConfigError {
  try {
    return loadConfig({ file: fileOf(one), env: one.env ?? {}, cwd: folder });
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}

/** What the loaded configuration has at a path such as `limits.sessions`. */
function at(loaded: LoadedConfig, where: string): unknown {
  return where.split('.').reduce<unknown>((value, part) => Reflect.get(value as object, part), loaded.config);
}

for (const one of surface<ConfigCase>('config').cases) {
  test(`${one.id}: ${one.problems === undefined ? 'accepted' : 'refused'}`, () => {
    const outcome = outcomeOf(one);
    if (one.problems === undefined) {
      if (outcome instanceof ConfigError) throw outcome;
      for (const [where, value] of Object.entries(one.accepted ?? {}))
        assert.deepEqual(at(outcome, where), value);
      if (one.warns !== undefined)
        assert.ok(outcome.warnings.join('\n').includes(one.warns), outcome.warnings.join());
      return;
    }
    assert.ok(outcome instanceof ConfigError, 'was accepted');
    for (const [key, says] of one.problems) {
      assert.ok(
        outcome.problems.some((problem) => problem.key === key && problem.message.includes(says)),
        `"${says}" of ${key} in:\n${outcome.message}`,
      );
    }
    assert.doesNotMatch(outcome.message, /canary-secret/);
    // Nothing of a hostile file may reach a terminal.
    assert.doesNotMatch(outcome.message.replaceAll('\n', ''), /[\p{Cc}\u202e]/u);
  });
}
