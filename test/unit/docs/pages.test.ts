import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { commandsOf } from '../../helpers/page-commands.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));

const all = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\n')
  .filter((page) => page !== '');
const guides = all.filter((page) => /^docs\/(operator|integrator|contributor)\//.test(page));

for (const page of guides) {
  test(`the commands of ${page} are run by a test`, () => {
    if (commandsOf(page).length === 0) return;
    const file = `test/${page.replace(/\.md$/, '.test.ts')}`;
    assert.ok(existsSync(join(ROOT, file)), `${page} has commands, and ${file} does not exist`);
    assert.match(
      readFileSync(join(ROOT, file), 'utf8'),
      /runPage\(|commandsOf\(/,
      `${file} does not read the page`,
    );
  });
}

for (const page of all) {
  test(`the links of ${page} lead somewhere`, () => {
    const text = readFileSync(join(ROOT, page), 'utf8').replace(/^```[\s\S]*?^```/gm, '');
    const broken = [...text.matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !/^[a-z]+:/.test(target) && !target.startsWith('#'))
      .filter(
        (target) => !existsSync(join(ROOT, normalize(join(dirname(page), target.replace(/#.*$/, ''))))),
      );
    assert.deepEqual(broken, []);
  });
}
