import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { withSystemRoots } from '../../../contract/system-roots.js';
import { serverIdentity } from '../../helpers/certificates.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';

test('the roots of the system and of NODE_EXTRA_CA_CERTS are added to the known ones, each once', async (t) => {
  const folder = temporaryFolder(t);
  const [known = '', system = '', extra = ''] = (
    await Promise.all([serverIdentity(), serverIdentity(), serverIdentity()])
  ).map(({ ca }) => ca.trim());
  const [bundle, extraFile] = [path.join(folder, 'bundle'), path.join(folder, 'extra')];
  writeFileSync(bundle, `# a comment\n${known}\r\n${system}\n`);
  writeFileSync(extraFile, `${extra}\n${system}\n`);
  assert.deepEqual(withSystemRoots([known], extraFile, ['/none', bundle]), [known, system, extra]);
});

test('files that are not there, or hold no certificate, add nothing', (t) => {
  const empty = path.join(temporaryFolder(t), 'empty');
  writeFileSync(empty, 'nothing\n');
  assert.deepEqual(withSystemRoots(['known'], '/none', [empty, '/none']), ['known']);
  assert.deepEqual(withSystemRoots(['known'], '', []), ['known']);
});
