import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { FAILURE_CODES } from '../../../contract/failure.js';
import { END_REASONS } from '../../../contract/session-state.js';
import { ADMIN_ERRORS } from '../../../src/admin/errors.js';
import { EXIT } from '../../../src/exit-codes.js';
import { FAULTS } from '../../../src/cli/check/fault.js';
import { Metrics } from '../../../src/admin/metrics.js';

/** Rows of the table under a heading, as cells. */
function rows(file: string, heading: string): string[][] {
  const text = readFileSync(new URL(`../../../../docs/${file}`, import.meta.url), 'utf8');
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  return section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')))
    .map((cells) => cells.slice(1, -1));
}

function firstCells(table: string[][]): (string | undefined)[] {
  for (const cells of table) assert.ok(!cells.slice(0, 1).includes(''), 'a row has a name');
  return table.map(([name]) => name);
}

test('docs/operator/when-it-says-no.md has a row for each failure code, with cause and remedy', () => {
  const table = rows('operator/when-it-says-no.md', 'Failure codes');
  assert.deepEqual(firstCells(table), [...FAILURE_CODES]);
  for (const cells of table) assert.ok(cells.length === 3 && !cells.includes(''), cells[0]);
});

test('docs/operator/when-it-says-no.md has a row for each end reason, with cause and remedy', () => {
  const table = rows('operator/when-it-says-no.md', 'End reasons');
  assert.deepEqual(firstCells(table), [...END_REASONS]);
  for (const cells of table) assert.ok(cells.length === 3 && !cells.includes(''), cells[0]);
});

test('docs/operator/when-it-says-no.md has the refusals of the admin listener with their status', () => {
  const table = rows('operator/when-it-says-no.md', 'Admin listener').map(([code, status]) => [
    code,
    Number(status),
  ]);
  assert.deepEqual(
    table,
    Object.entries(ADMIN_ERRORS).map(([code, [status]]) => [code, status]),
  );
});

test('docs/operator/when-it-says-no.md has a row for each fault that check finds, with meaning and remedy', () => {
  const table = rows('operator/when-it-says-no.md', 'What check finds');
  assert.deepEqual(firstCells(table), [...FAULTS]);
  for (const cells of table) assert.ok(cells.length === 3 && !cells.includes(''), cells[0]);
});

test('docs/operator/when-it-says-no.md has every exit code', () => {
  const text = readFileSync(new URL('../../../../docs/operator/when-it-says-no.md', import.meta.url), 'utf8');
  const [, table = ''] = text.split('## Exit codes of the commands\n');
  const codes = [...table.matchAll(/^\| (\d+) /gm)].map(([, code]) => Number(code));
  assert.deepEqual(codes, Object.values(EXIT));
});

test('docs/metrics.md lists exactly what the registry has, with the types', async () => {
  const metrics = new Metrics({
    activeSessions: () => 0,
    outboxSize: () => 0,
    resources: () => ({ memory: { used: 1, limit: 4 } }),
  });
  const documented = [...rows('metrics.md', 'Gatehouse'), ...rows('metrics.md', 'Process')];
  const registered = await metrics.describe();
  assert.deepEqual(
    documented.map(([name, type]) => `${name ?? ''} ${type ?? ''}`).sort(),
    registered.map(({ name, type }) => `${name} ${type}`).sort(),
  );
});

test('docs/metrics.md has the labels of each metric of the contract', async () => {
  const metrics = new Metrics({
    activeSessions: () => 0,
    outboxSize: () => 0,
    resources: () => ({ memory: { used: 1, limit: 4 } }),
  });
  metrics.sessionEnded('idle', 1);
  metrics.operation('rest', 'FAILED');
  metrics.workerLoopDelay(1, 1);
  metrics.expectViolations(['malformed']);
  metrics.tokenFetched('endpoint', 'ok');
  const text = await metrics.render();
  for (const [name = '', , labels = ''] of rows('metrics.md', 'Gatehouse')) {
    const sample = text.split('\n').find((line) => line.startsWith(name)) ?? '';
    const found = [...sample.matchAll(/(\w+)="/g)]
      .map(([, label]) => label)
      .filter((label) => label !== 'le');
    assert.deepEqual(found, labels === '' ? [] : labels.split(', '), name);
  }
});
