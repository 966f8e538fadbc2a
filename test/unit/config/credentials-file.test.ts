import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { credentialsText } from '../../../src/config/credentials-file.js';
import { loadConfig, type LoadOptions, type LoadedConfig } from '../../../src/config/load.js';
import { effectiveConfig } from '../../../src/config/view.js';

const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-credentials-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const FILE = path.join(folder, 'credentials.yaml');

interface Setting {
  readonly content?: string;
  readonly mode?: number;
  readonly cloud?: object;
  readonly options?: Partial<LoadOptions>;
}

function load({ content, mode = 0o600, cloud = {}, options = {} }: Setting): LoadedConfig {
  const config = {
    cloud: { url: 'https://acme.example.com', credentialsFile: 'credentials.yaml', ...cloud },
    device: { externalId: 'gw-7' },
    conduits: [{ name: 'a', host: '10.0.0.1', ports: [22] }],
  };
  writeFileSync(path.join(folder, 'gatehouse.yaml'), JSON.stringify(config), { mode: 0o600 });
  rmSync(FILE, { force: true });
  if (content !== undefined) {
    writeFileSync(FILE, content);
    chmodSync(FILE, mode);
  }
  return loadConfig({ file: 'gatehouse.yaml', env: {}, cwd: folder, ...options });
}

function loginOf({ config: { cloud } }: LoadedConfig): unknown[] {
  const { credentials, tenant } = cloud;
  return credentials.kind === 'basic'
    ? [tenant, credentials.user, credentials.password.reveal()]
    : assert.fail('no basic authentication');
}

const STORED = { tenant: 't0815', user: 'device_gw-7', password: 'canary "secret" # \\ ü: 1' };
const TEXT = credentialsText(STORED, new Date(0));

test('what register stores is what the agent logs in with, and is shown with its place', () => {
  const loaded = load({ content: TEXT });
  assert.deepEqual(loginOf(loaded), ['t0815', 'device_gw-7', STORED.password]);
  assert.equal(loaded.config.cloud.credentialsFile, FILE);
  assert.deepEqual(loaded.sources['cloud.user'], { kind: 'file', file: FILE, line: 4 });
  const lines = effectiveConfig(loaded.config, loaded.sources).join('\n');
  assert.match(lines, /^cloud\.password +\[secret\] +# .*credentials\.yaml:5$/m);
  assert.doesNotMatch(lines, /canary/);
});

for (const [what, setting, pattern] of [
  ['is missing', {}, /does not exist; `gatehouse register` makes it/],
  ['is open to the group', { content: TEXT, mode: 0o640 }, /run: chmod 600/],
  ['is open to everybody', { content: TEXT, mode: 0o604 }, /run: chmod 600/],
  ['is empty', { content: '' }, /holds no keys/],
  ['lacks the password', { content: 'user: a\n' }, /lacks password/],
  ['has another key', { content: `${TEXT}pasword: canary\n` }, /a key other than tenant, user and password/],
  ['has a key twice', { content: `${TEXT}user: canary\n` }, /is no YAML in line 6/],
  ['is no YAML', { content: 'user: "canary\n' }, /is no YAML in line/],
  [
    'has a user with a colon',
    { content: 'user: a:b\npassword: canary\n' },
    /credentials\.yaml:1: cloud\.user must not/,
  ],
  [
    'has a number for a password',
    { content: 'user: a\npassword: 7042331\n' },
    /cloud\.password is read as a/,
  ],
  ['stands beside a user', { content: TEXT, cloud: { user: 'canary' } }, /and cloud\.user are both set/],
  ['stands beside a token', { content: TEXT, cloud: { token: 'canary' } }, /and cloud\.token are both set/],
  ['stands beside a tenant', { content: TEXT, cloud: { tenant: 't1' } }, /and cloud\.tenant are both set/],
  ['is too large', { content: `# ${'x'.repeat(20_000)}\n${TEXT}` }, /is larger than/],
] as const) {
  test(`a file of credentials that ${what} is refused without repeating what it holds`, () => {
    assert.throws(
      () => load(setting),
      ({ message }: Error) => {
        assert.match(message, pattern);
        assert.doesNotMatch(message, /canary|7042331/);
        return true;
      },
    );
  });
}

test('registering logs in as somebody else, and the file need not exist', () => {
  const loginAs = { tenant: 'management', user: 'devicebootstrap', password: 'boot' };
  const loaded = load({ options: { loginAs } });
  assert.deepEqual(loginOf(loaded), ['management', 'devicebootstrap', 'boot']);
  assert.equal(loaded.config.cloud.credentialsFile, FILE);
});

test('registering needs a place for the credentials, and no other credentials', () => {
  const loginAs = { tenant: 'management', user: 'devicebootstrap', password: 'boot' };
  const none = { credentialsFile: undefined };
  assert.throws(
    () => load({ cloud: none, options: { loginAs } }),
    /cloud\.credentialsFile is missing: it names the file/,
  );
  assert.throws(
    () => load({ cloud: { ...none, user: 'gw', password: 'x' }, options: { loginAs } }),
    /cloud\.credentialsFile is missing in place of cloud\.user/,
  );
  assert.throws(
    () => load({ cloud: { token: 'x' }, options: { loginAs } }),
    /cloud\.credentialsFile and cloud\.token are both set/,
  );
});
