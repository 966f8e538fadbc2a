import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { rootCertificates } from 'node:tls';
import { loadConfig } from '../../../src/config/load.js';
import type { LoadedConfig } from '../../../src/config/load.js';
import { exposure, planting } from '../../../src/config/permissions.js';

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
  ['is missing', undefined, /cloud\.passwordFile "\/\S+\/etc\/password" names a file that does not exist/],
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

test('a secret file that others can read or write is refused with the command to run', () => {
  for (const mode of [0o640, 0o620, 0o604, 0o602, 0o644, 0o666, 0o777]) {
    assert.throws(
      () => load('hunter2', {}, mode),
      ({ message }: Error) => {
        assert.match(
          message,
          /cloud\.passwordFile "\/\S+\/password" names a file that .* has access to \(mode 0\d{3}\)/,
        );
        assert.ok(message.includes(`run: chmod 600 ${path.join(folder, 'etc', 'password')}`), message);
        return !message.includes('hunter2');
      },
      mode.toString(8),
    );
  }
  for (const mode of [0o600, 0o400, 0o700]) assert.equal(passwordOf(load('hunter2', {}, mode)), 'hunter2');
});

test('the environment replaces a secret file, which is then not even read', () => {
  assert.equal(passwordOf(load(undefined, { C8Y_PASSWORD: 'hunter3' })), 'hunter3');
});

test('a configuration file with a password that others can read is refused; without one it is not', () => {
  const file = path.join(folder, 'etc', 'open.yaml');
  const content = (password: string): string =>
    `cloud: { url: "https://a.example", user: gw, ${password} }\ndevice: { externalId: a }\n`;
  writeFileSync(file, content('password: hunter2'));
  chmodSync(file, 0o644);
  assert.throws(
    () => loadConfig({ file, env: {}, cwd: folder }),
    ({ message }: Error) => {
      assert.match(message, /open\.yaml:1: cloud\.password stands in a file that everybody on this machine/);
      assert.match(message, /run: chmod 600 \S+open\.yaml, or use cloud\.passwordFile/);
      return !message.includes('hunter2');
    },
  );
  load('hunter2');
  writeFileSync(file, content('passwordFile: password'));
  assert.equal(passwordOf(loadConfig({ file, env: {}, cwd: folder })), 'hunter2');
});

test('a configuration file, or trusted roots, that everybody can change are refused', () => {
  load('hunter2');
  const file = path.join(folder, 'etc', 'changeable.yaml');
  const roots = path.join(folder, 'etc', 'roots.pem');
  writeFileSync(roots, rootCertificates[0] ?? '');
  const caFile = 'caFile: roots.pem';
  writeFileSync(
    file,
    `cloud: { url: "https://a.example", user: gw, passwordFile: password, ${caFile} }\ndevice: { externalId: a }\n`,
  );
  for (const [configMode, rootsMode, expected] of [
    [0o644, 0o644, undefined],
    [0o646, 0o644, /the configuration file is one that everybody on this machine can change \(mode 0646\)/],
    [
      0o644,
      0o666,
      /cloud\.caFile "[^"]+" names a file that everybody on this machine can change \(mode 0666\)/,
    ],
  ] as const) {
    chmodSync(file, configMode);
    chmodSync(roots, rootsMode);
    const attempt = (): unknown => loadConfig({ file, env: {}, cwd: folder });
    if (expected === undefined) attempt();
    else assert.throws(attempt, expected);
  }
});

describe('who may have access to a file with a secret', () => {
  const service = 990;
  for (const [what, mode, owner, self, expected, group] of [
    ['the service itself', 0o600, service, service, undefined],
    ['the service itself, read only', 0o400, service, service, undefined],
    ["root, the service's group reading", 0o640, 0, service, undefined],
    ['systemd, as a credential with an access list', 0o440, 0, service, undefined],
    ["the service's group, of a file of its own", 0o640, service, service, /its group .* chmod 600 \/x$/],
    ['a group that writes', 0o660, 0, service, /its group/],
    ['everybody', 0o644, 0, service, /everybody .*mode 0644/],
    ['everybody, by name only', 0o601, service, service, /everybody/],
    ['another user', 0o600, 1_000, service, /belongs to another user \(id 1000\); run: chown 990 \/x$/],
    ["another user, root's agent", 0o600, 1_000, 0, undefined],
    ["root's group, root's agent", 0o640, 0, 0, /its group/],
    ["the service's group, root at the terminal", 0o640, 0, 0, undefined, service],
    ["the service's group writing, root at the terminal", 0o660, 0, 0, /its group/, service],
  ] as [string, number, number, number, RegExp | undefined, number?][]) {
    test(`${what}: ${expected === undefined ? 'is taken' : 'is refused'}`, () => {
      const found = exposure('/x', { mode, owner, ...(group === undefined ? {} : { group }) }, self);
      if (expected === undefined) assert.equal(found, undefined);
      else assert.match(found ?? '', expected);
    });
  }

  test('a path with blanks is quoted for the shell', () => {
    assert.match(exposure("/a b'c", { mode: 0o644, owner: 0 }, 0) ?? '', /chmod 600 '\/a b'\\''c'$/);
  });
});

test('in a folder that everybody may write only what belongs to the agent or root counts, and only where it is kept', () => {
  const folder = (mode: number) => ({ path: '/x', mode, owner: 0 });
  for (const [owner, mode, isPlanted] of [
    [65_534, 0o755, false],
    [1_000, 0o1777, false],
    [0, 0o1777, false],
    [65_534, 0o1777, true],
    [1_000, 0o777, true],
  ] as const)
    assert.equal(
      planting(owner, folder(mode), 1_000) !== undefined,
      isPlanted,
      `${owner} ${mode.toString(8)}`,
    );
});
