import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logCalls } from '../../helpers/log-fields.js';
import { readPage } from '../../helpers/page-commands.js';

/** In every line, from the log itself. */
const OWN = ['level', 'time', 'msg'];

test('docs/logging.md explains every field of the log, and none that there is not', () => {
  const calls = logCalls();
  assert.ok(calls.length > 90, `only ${calls.length} calls of the log were found`);
  const used = new Map(OWN.map((field) => [field, 'every line']));
  for (const { place, fields } of calls) for (const field of fields) used.set(field, place);
  const [, section = ''] = /^## Fields$(.*?)^## /ms.exec(readPage('docs/logging.md')) ?? [];
  const rows = [...section.matchAll(/^\| `(\w+)` +\| +.*? +\| (.*?) +\|$/gm)];
  const documented = rows.map(([, field = '']) => field);
  assert.deepEqual(
    [...used]
      .filter(([field]) => !documented.includes(field))
      .map(([field, place]) => `${field} of ${place}`),
    [],
    'fields without a row in docs/logging.md',
  );
  assert.deepEqual(
    documented.filter((field) => !used.has(field)),
    [],
    'rows that no call of the log has',
  );
  assert.equal(new Set(documented).size, documented.length);
  for (const [, field, meaning] of rows) assert.notEqual(meaning, '', field);
});
