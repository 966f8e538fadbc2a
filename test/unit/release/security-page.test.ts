import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));

test('the tests that SECURITY.md names as proof exist, for every threat', () => {
  const page = readFileSync(path.join(ROOT, 'SECURITY.md'), 'utf8');
  const threats = page.split('\n').filter((line) => /^\| T\d+ /.test(line));
  assert.ok(threats.length >= 16);
  for (const threat of threats) {
    const proofs = threat.split('|').at(-2) ?? '';
    const named = [...proofs.matchAll(/`((?:test\/|\.ci\/)[^`]+)`/g)].map(([, file = '']) => file);
    assert.notEqual(named.length, 0, threat.slice(0, 60));
    for (const file of named)
      assert.ok(existsSync(path.join(ROOT, file)), `${file} is named, but is not there`);
  }
});
