import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { accessIn, PrivateFile, writePrivateFile } from '../../../src/cli/private-file.js';

const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-private-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('a reserved file is not there until it is kept, and then whole and closed to others', async () => {
  const file = path.join(folder, 'kept');
  const reserved = await PrivateFile.reserve(file, 4_096);
  assert.equal(existsSync(file), false);
  assert.equal(statSync(reserved.temporary).size, 4_096);
  assert.equal(statSync(reserved.temporary).mode & 0o777, 0o600);
  await reserved.keep('a secret');
  assert.equal(readFileSync(file, 'utf8'), 'a secret');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(folder), ['kept']);
});

test('what is given up leaves what was there', async () => {
  const file = path.join(folder, 'kept');
  writeFileSync(file, 'older');
  const reserved = await PrivateFile.reserve(file, 10);
  await reserved.giveUp();
  assert.equal(readFileSync(file, 'utf8'), 'older');
  assert.deepEqual(readdirSync(folder), ['kept']);
});

test('a file is replaced as a whole, its mode too', async () => {
  const file = path.join(folder, 'kept');
  writeFileSync(file, 'older and much longer', { mode: 0o644 });
  await writePrivateFile(file, 'new');
  assert.equal(readFileSync(file, 'utf8'), 'new');
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

for (const [what, owner, self, expected] of [
  ['anybody in a folder of root', { uid: 0, gid: 0 }, 1000, { mode: 0o600, owner: undefined }],
  ['root in a folder of root', { uid: 0, gid: 0 }, 0, { mode: 0o600, owner: undefined }],
  [
    'root in a folder of root:service',
    { uid: 0, gid: 970 },
    0,
    { mode: 0o640, owner: { user: 0, group: 970 } },
  ],
  [
    'root in a folder of the service',
    { uid: 970, gid: 970 },
    0,
    { mode: 0o600, owner: { user: 970, group: 970 } },
  ],
] as const) {
  test(`who gets at what is written by ${what}`, () => {
    assert.deepEqual(accessIn(owner, self), expected);
  });
}
