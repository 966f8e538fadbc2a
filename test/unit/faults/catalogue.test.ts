import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CATALOGUE } from '../../faults/catalogue/index.js';

/** Rows of each family. */
const FAMILIES = { A: 25, B: 18, C: 18, D: 22, E: 26, F: 21, G: 18, H: 20, I: 5, J: 7, K: 9, L: 7 } as const;

test('the catalogue has its 196 rows, each once and in order', () => {
  const expected = Object.entries(FAMILIES).flatMap(([family, rows]) =>
    Array.from({ length: rows }, (_, index) => `${family}${String(index + 1).padStart(2, '0')}`),
  );
  assert.equal(expected.length, 196);
  assert.deepEqual(
    CATALOGUE.map(({ id }) => id),
    expected,
  );
});

test('every row says what happens and what must follow, and those that are not run say why', () => {
  for (const row of CATALOGUE) {
    assert.ok(row.fault.length > 5 && row.required.length > 3, row.id);
    if ('notRun' in row) assert.ok(row.notRun.length > 10, row.id);
    if ('argued' in row) assert.ok((row.argued?.length ?? 0) > 10, row.id);
  }
});
