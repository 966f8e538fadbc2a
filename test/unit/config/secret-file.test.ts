import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { loadConfig } from '../../../src/config/load.js';
import type { LoadedConfig } from '../../../src/config/load.js';

const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-secret-'));
after(() => rmSync(folder, { recursive: true, force: true }));
mkdirSync(path.join(folder, 'etc'));

function load(
  secret: string | Buffer | undefined,
  env: Record<string, string> = {},
  mode = 0o600,
): LoadedConfig {
  const file = path.join(folder, 'etc', 'gatehouse.yaml');
  const config = {
    cloud: { url: 'https://acme.example.com', user: 'gw', passwordFile: 'password' },
    device: { externalId: 'gw-7' },
    conduits: [{ name: 'a', host: '10.0.0.1', ports: [22] }],
  };
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  const secretFile = path.join(folder, 'etc', 'password');
  rmSync(secretFile, { force: true });
  if (secret !== undefined) {
    writeFileSync(secretFile, secret);
    chmodSync(secretFile, mode);
  }
  return loadConfig({ file: 'etc/gatehouse.yaml', env, cwd: folder });
}

function passwordOf({ config }: LoadedConfig): string {
  const { credentials } = config.cloud;
  return credentials.kind === 'basic'
    ? credentials.password.reveal()
    : assert.fail('no basic authentication');
}

for (const [what, content, expected] of [
  ['as it is', 'hunter2', 'hunter2'],
  ['without its line break', 'hunter2\n', 'hunter2'],
  ['without a Windows line break', 'hunter2\r\n', 'hunter2'],
  ['with its blanks', ' hunter 2 ', ' hunter 2 '],
  ['of 10 KiB', 'x'.repeat(10_240), 'x'.repeat(10_240)],
] as const) {
  test(`a secret file is taken ${what}, relative to the configuration file`, () => {
    const loaded = load(content);
    assert.equal(passwordOf(loaded), expected);
    assert.deepEqual(loaded.warnings, []);
    assert.equal(loaded.sources['cloud.password'].kind, 'file');
  });
}

for (const [what, content, pattern] of [
  ['is missing', undefined, /cloud\.passwordFile names a file that does not exist/],
  ['is empty', '', /names a file that is empty/],
  ['holds only a line break', '\n', /names a file that is empty/],
  ['holds two line breaks', 'canary\n\n', /cloud\.password holds a control character/],
  ['is above 10 KiB', 'x'.repeat(10_241), /is larger than 10240 bytes/],
  ['is above 10 KiB by far', 'x'.repeat(100_000), /names a file that is larger than/],
  ['is binary', Buffer.from([0x63, 0, 0x61]), /names a file that holds a NUL byte/],
  ['is not UTF-8', Buffer.from([0xff, 0xfe, 0x61]), /names a file that is not UTF-8/],
] as const) {
  test(`a secret file that ${what} is refused`, () => {
    assert.throws(
      () => load(content),
      (error: Error) => {
        assert.match(error.message, pattern);
        assert.doesNotMatch(error.message, /canary|cloud\.password is missing/);
        return true;
      },
    );
  });
}

test('a secret file that others can read gives a warning that says what to do', () => {
  assert.match(
    load('hunter2', {}, 0o640).warnings.join(),
    /cloud\.passwordFile names a file that group or others .* chmod 600/,
  );
});

test('the environment replaces a secret file, which is then not even read', () => {
  assert.equal(passwordOf(load(undefined, { C8Y_PASSWORD: 'hunter3' })), 'hunter3');
});

test('a configuration file with a password that others can read gives a warning', () => {
  const file = path.join(folder, 'open.yaml');
  writeFileSync(
    file,
    'cloud: { url: "https://a.example", user: gw, password: hunter2 }\ndevice: { externalId: a }\n',
  );
  chmodSync(file, 0o644);
  const { warnings } = loadConfig({ file, env: {}, cwd: folder });
  assert.match(warnings.join('\n'), /cloud\.password stands in a file that group or others can read/);
  assert.doesNotMatch(warnings.join('\n'), /hunter2/);
});
