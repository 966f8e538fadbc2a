import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { forgeable } from '../../../src/config/permissions.js';
import { skipOutsideCi } from '../../helpers/programs.js';
import { folderFor, logIn, start } from './audit-helpers.js';

/** The user `nobody`. */
const NOBODY = 65_534;

const isRoot = process.geteuid?.() === 0;

test('a log of another user is not used, and the sentence says whose it has to be', async (t) => {
  const folder = folderFor(t);
  const { log, file } = logIn(t, folder);
  if (!isRoot) return skipOutsideCi(t, 'only root can give a file away');
  writeFileSync(file, '', { mode: 0o600 });
  chownSync(file, NOBODY, NOBODY);
  await assert.rejects(
    log.check(),
    /audit\.log belongs to another user \(id 65534\).* chown 0 .*audit\.file/,
  );
  await assert.rejects(log.record(start(), 'asked'), /belongs to another user/);
});

for (const mode of [0o777, 0o1777]) {
  test(`a log in a folder of everybody's (${mode.toString(8)}) is not used`, async (t) => {
    const folder = path.join(folderFor(t), 'open');
    mkdirSync(folder);
    chmodSync(folder, mode);
    const { log } = logIn(t, folder);
    const expected = new RegExp(
      `the folder .*open of .* by everybody \\(mode ${mode.toString(8)}\\), .*chmod o-w`,
    );
    await assert.rejects(log.check(), expected);
    chmodSync(folder, 0o755);
    await log.check();
  });
}

test('the agent, or root, owns the log, and nobody else may write it', () => {
  const folder = { mode: 0o40_755, owner: 0 };
  const self = 990;
  const judge = (mode: number, owner: number) => forgeable('/l/a', { mode, owner }, '/l', folder, self);
  assert.equal(judge(0o600, self), undefined);
  assert.equal(judge(0o640, 0), undefined);
  assert.match(judge(0o600, 1_000) ?? '', /another user \(id 1000\).*chown 990 \/l\/a$/);
  assert.match(judge(0o620, self) ?? '', /by others \(mode 0620\): chmod 0600 it$/);
  assert.equal(
    forgeable('/l/a', { mode: 0o600, owner: 0 }, '/l', { mode: 0o40_775, owner: 0 }, self),
    undefined,
  );
});

test('a folder that the agent may not write stops the start, not every session', async (t) => {
  const folder = folderFor(t);
  const { log, file } = logIn(t, folder);
  writeFileSync(file, '', { mode: 0o600 });
  if (isRoot) chownSync(file, NOBODY, NOBODY);
  chmodSync(folder, 0o555);
  const expected =
    /^StateError: The folder .* of the audit log cannot be written by the agent \(EACCES\).*chown \d+ .*audit\.file/;
  await asNobody(() => assert.rejects(log.check(), expected)).finally(() => chmodSync(folder, 0o700));
});

/** Root may write everywhere, so that it is somebody else for the moment. */
async function asNobody(action: () => Promise<void>): Promise<void> {
  if (!isRoot) return action();
  process.seteuid?.(NOBODY);
  try {
    await action();
  } finally {
    process.seteuid?.(0);
  }
}
