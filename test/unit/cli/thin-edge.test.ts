import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { parse } from 'smol-toml';
import { thinEdge, type ThinEdgeAction, type ThinEdgeFlags } from '../../../src/cli/thin-edge/thin-edge.js';

const OPERATION = 'c8y_RemoteAccessConnect';

/** User id of `nobody` on Debian. */
const NOBODY = 65_534;

/** As the plug-in of thin-edge.io writes it. */
const STOCK = '[exec]\ncommand = "c8y-remote-access-plugin"\ntopic = "c8y/s/ds"\non_message = "530"\n';

interface Place {
  readonly directory: string;
  readonly operations: string;
  /** Path of an operation file. */
  readonly file: (child?: string) => string;
  readonly run: (action: ThinEdgeAction, flags?: ThinEdgeFlags) => { code: number; out: string; err: string };
}

function place(t: TestContext, content?: string): Place {
  const directory = mkdtempSync(path.join(tmpdir(), 'gatehouse-operations-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const operations = path.join(directory, 'operations', 'c8y');
  mkdirSync(operations, { recursive: true });
  const file = (child?: string) => path.join(operations, ...(child === undefined ? [] : [child]), OPERATION);
  if (content !== undefined) writeFileSync(file(), content);
  return {
    directory,
    operations,
    file,
    run: (action, flags = {}) => {
      const written = { out: '', err: '' };
      const io = {
        stdout: { write: (text: string) => (written.out += text) },
        stderr: { write: (text: string) => (written.err += text) },
        env: { TEDGE_CONFIG_DIR: directory },
        cwd: tmpdir(),
      };
      return { code: thinEdge(action, flags, io), ...written };
    },
  };
}

test('install puts a file there that only declares, mode 0644, and says to restart the mapper', (t) => {
  const { run, file, operations } = place(t);
  const { code, out } = run('install');
  assert.equal(code, 0);
  assert.match(out, /systemctl restart tedge-mapper-c8y/);
  assert.deepEqual(Object.keys(parse(readFileSync(file(), 'utf8'))), []);
  assert.equal(statSync(file()).mode & 0o777, 0o644);
  assert.deepEqual(readdirSync(operations), [OPERATION]);
});

test('the stock plug-in is kept outside of the operations and comes back with remove', (t) => {
  const { run, file, operations, directory } = place(t, STOCK);
  const before = run('status');
  assert.equal(before.code, 1);
  assert.match(before.out, /plug-in of thin-edge\.io/);
  assert.match(before.out, /gatehouse thin-edge install/);
  assert.equal(run('install').code, 0);
  assert.equal(run('status').code, 0);
  assert.deepEqual(readdirSync(operations), [OPERATION], 'thin-edge.io would declare any other file');
  assert.equal(readFileSync(path.join(directory, 'gatehouse', OPERATION), 'utf8'), STOCK);
  assert.equal(run('remove').code, 0);
  assert.equal(readFileSync(file(), 'utf8'), STOCK);
  assert.deepEqual(readdirSync(path.join(directory, 'gatehouse')), []);
});

test('doing it twice changes nothing the second time', (t) => {
  const { run, file } = place(t, STOCK);
  run('install', { child: ['plc-3'] });
  const again = run('install', { child: ['plc-3', 'plc-3'] });
  assert.equal(again.code, 0);
  assert.doesNotMatch(again.out, /restart/);
  run('remove', { child: ['plc-3'] });
  const removed = run('remove', { child: ['plc-3'] });
  assert.equal(removed.code, 0);
  assert.equal(readFileSync(file(), 'utf8'), STOCK);
  assert.match(removed.out, /not ours and stays/);
});

test('a plug-in that an upgrade has brought back is seen, replaced and kept again', (t) => {
  const { run, file } = place(t, STOCK);
  run('install');
  writeFileSync(file(), `${STOCK}# newer\n`);
  assert.equal(run('status').code, 1);
  assert.equal(run('install').code, 0);
  run('remove');
  assert.equal(readFileSync(file(), 'utf8'), `${STOCK}# newer\n`);
});

test('children have their own file, also when their external id is no file name of old', (t) => {
  const { run, file } = place(t);
  const child = ['plc-3', 'gw-7:device:plc 4'];
  assert.equal(run('install', { child }).code, 0);
  for (const one of child) assert.deepEqual(Object.keys(parse(readFileSync(file(one), 'utf8'))), []);
  const { out } = run('status', { child: [...child, 'plc-5'], json: true });
  const { ok, files } = JSON.parse(out) as { ok: boolean; files: { device?: string; state: string }[] };
  assert.equal(ok, false);
  assert.deepEqual(
    files.map(({ device, state }) => [device, state]),
    [
      [undefined, 'ours'],
      ['plc-3', 'ours'],
      ['gw-7:device:plc 4', 'ours'],
      ['plc-5', 'missing'],
    ],
  );
});

test('an empty file that somebody has put there by hand stays', (t) => {
  const { run, file } = place(t, '');
  assert.equal(run('install').code, 0);
  assert.equal(run('remove').code, 0);
  assert.equal(readFileSync(file(), 'utf8'), '');
});

test('what is no operation file is left alone and told', (t) => {
  const broken = place(t, '[exec\ncommand = hunter2');
  const { code, out } = broken.run('install');
  assert.equal(code, 1);
  assert.match(out, /not valid TOML in line 1/);
  assert.doesNotMatch(out, /hunter2/);
  assert.match(readFileSync(broken.file(), 'utf8'), /hunter2/);

  const linked = place(t);
  const elsewhere = path.join(linked.directory, 'elsewhere');
  writeFileSync(elsewhere, STOCK);
  symlinkSync(elsewhere, linked.file());
  assert.equal(linked.run('install').code, 1);
  assert.equal(readFileSync(elsewhere, 'utf8'), STOCK);

  const folder = place(t);
  mkdirSync(folder.file());
  assert.equal(folder.run('install').code, 1);
});

test('another program that serves remote access is named, replaced and kept', (t) => {
  const { run, file } = place(
    t,
    '[exec]\ncommand = "/opt/ours/tunnel"\non_fragment = "c8y_RemoteAccessConnect"\n',
  );
  assert.match(run('status').out, /another program.*\/opt\/ours\/tunnel/);
  assert.equal(run('install').code, 0);
  run('remove');
  assert.match(readFileSync(file(), 'utf8'), /\/opt\/ours\/tunnel/);
});

for (const child of ['', '.', '..', '../etc', 'a/b', 'a\nb', 'x'.repeat(300)]) {
  test(`"${child.slice(0, 10).replace('\n', '?')}" is no child`, (t) => {
    const { run, operations } = place(t);
    const { code, err } = run('install', { child: [child] });
    assert.equal(code, 64);
    assert.match(err, /--child/);
    assert.deepEqual(readdirSync(operations), []);
  });
}

test('without thin-edge.io it says so, and how to name its directory', (t) => {
  const { run, directory } = place(t);
  rmSync(path.join(directory, 'operations'), { recursive: true });
  const { code, err } = run('install');
  assert.equal(code, 1);
  assert.match(err, /is thin-edge\.io installed here.*--config-dir/i);
});

test('a folder that cannot be written to is told with what to do', (t) => {
  const { run, directory, operations } = place(t);
  chmodSync(directory, 0o755);
  chmodSync(operations, 0o555);
  const { code, err } = asNobody(() => run('install'));
  chmodSync(operations, 0o755);
  assert.equal(code, 1);
  assert.match(err, /sudo/);
});

/** Root may write everywhere, so that it is somebody else for the moment. */
function asNobody<T>(action: () => T): T {
  if (process.geteuid?.() !== 0) return action();
  process.seteuid?.(NOBODY);
  try {
    return action();
  } finally {
    process.seteuid?.(0);
  }
}

test('remove without a child takes back every file that is ours, and no other', (t) => {
  const { run, file, operations } = place(t, STOCK);
  assert.equal(run('install', { child: ['plc-3', 'plc 4'] }).code, 0);
  mkdirSync(path.join(operations, 'plc-5'));
  writeFileSync(file('plc-5'), STOCK);
  const { code, out } = run('remove');
  assert.equal(code, 0);
  for (const child of ['plc-3', 'plc 4']) assert.match(out, new RegExp(`child ${child}: .* is gone`));
  assert.doesNotMatch(out, /plc-5/);
  assert.equal(existsSync(file('plc-3')), false);
  assert.equal(existsSync(file('plc 4')), false);
  for (const kept of [file(), file('plc-5')]) assert.equal(readFileSync(kept, 'utf8'), STOCK);
});
