import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { operationCases } from '../helpers/operation-cases.js';
import { FOLDER, surface, surfaceNames } from './cases.js';

/** What the catalogue of hostile inputs asks for, in all. */
const PLANNED = 1_250;

/** Every `# expect` line of a configuration file is a case: one problem that has to be found at its line. */
function problemsInFiles(): number {
  const folder = path.join(FOLDER, 'config');
  return readdirSync(folder).reduce((sum, file) => {
    const text = readFileSync(path.join(folder, file), 'utf8');
    return sum + [...text.matchAll(/^# expect /gm)].length;
  }, 0);
}

test('there are as many hostile inputs as planned', (t) => {
  const counts = new Map([
    ['operations, each through the parser, the list, notifications and MQTT', operationCases().length],
    ['config/*.yaml, problems in whole files', problemsInFiles()],
    ...surfaceNames().map((name) => [name, surface(name).cases.length] as const),
  ]);
  let sum = 0;
  for (const [name, count] of counts) {
    t.diagnostic(`${String(count).padStart(5)}  ${name}`);
    sum += count;
  }
  t.diagnostic(`${String(sum).padStart(5)}  in all`);
  assert.ok(sum >= PLANNED, `${sum} of ${PLANNED}`);
});

for (const name of surfaceNames()) {
  test(`the cases of ${name} have ids of their own`, () => {
    const ids = surface(name).cases.map(({ id }) => id);
    assert.deepEqual(
      ids.filter((id, index) => ids.indexOf(id) !== index),
      [],
    );
  });
}
