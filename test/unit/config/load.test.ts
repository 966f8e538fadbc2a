import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { loadConfig } from '../../../src/config/load.js';
import type { LoadOptions, LoadedConfig } from '../../../src/config/load.js';
import { ConfigError } from '../../../src/config/problem.js';

const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-config-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const GOOD = `cloud:
  url: https://acme.example.com/
  user: gw
  password: canary-secret
device:
  externalId: gw-7
conduits:
  - name: hmis
    host: 10.0.5.0/24
    ports: [5900, "8080-8089", "*"]
    maxSessions: 4
    idleTimeout: 15m
`;

const ENOUGH = {
  C8Y_BASEURL: 'https://acme.example.com',
  C8Y_TOKEN: 'canary-secret',
  GATEHOUSE_DEVICE_EXTERNAL_ID: 'gw-7',
};

let files = 0;

/** A file with this content, readable by its owner alone. */
function write(content: string | Buffer, mode = 0o600): string {
  const file = path.join(folder, `file-${files++}.yaml`);
  writeFileSync(file, content, { mode });
  chmodSync(file, mode);
  return file;
}

function load(content: string | Buffer, options: Partial<LoadOptions> = {}): LoadedConfig {
  return loadConfig({ file: write(content), env: {}, cwd: folder, ...options });
}

function refusal(options: Partial<LoadOptions>): ConfigError {
  try {
    loadConfig({ env: {}, cwd: folder, systemFile: path.join(folder, 'no-such-file'), ...options });
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  return assert.fail('was accepted');
}

test('a small file gives a whole configuration in normal form', () => {
  const { config, warnings, file } = load(GOOD);
  assert.equal(config.cloud.url, 'https://acme.example.com');
  assert.equal(config.cloud.remoteAccessUrl, 'https://acme.example.com');
  assert.equal(config.intake.mqttUrl, 'mqtts://acme.example.com:8883');
  assert.equal(config.intake.operationAgeMs, 300_000);
  assert.equal(config.device.name, 'gw-7');
  assert.equal(config.limits.bootstrapBufferBytes, 65_536);
  assert.equal(config.limits.maxMessageBytes, 16_777_216);
  assert.equal(config.limits.idleTimeoutMs, 0);
  assert.equal(config.keepAlive.webSocketPingMs, 20_000);
  assert.deepEqual(config.admin, {
    listen: { kind: 'tcp', host: '127.0.0.1', port: 7980 },
    token: undefined,
  });
  assert.deepEqual(config.log, { level: 'info', format: 'json' });
  assert.ok(config.workers.count >= 1);
  assert.deepEqual(config.conduits, [
    {
      name: 'hmis',
      host: '10.0.5.0/24',
      ports: [
        { from: 5900, to: 5900 },
        { from: 8080, to: 8089 },
        { from: 1, to: 65_535 },
      ],
      maxSessions: 4,
      idleTimeoutMs: 900_000,
      sessionDurationMs: undefined,
      window: undefined,
      timeZone: config.limits.timeZone,
      bandwidthBytesPerSecond: undefined,
      exclusive: false,
      approval: false,
      source: { file, line: 8 },
    },
  ]);
  assert.deepEqual(warnings, []);
});

test('command line wins over environment, environment over file, file over default, and each is named', () => {
  const { config, sources, file } = load(`${GOOD}log: { level: warn, format: pretty }\n`, {
    env: { GATEHOUSE_LOG_LEVEL: 'error', C8Y_TENANT: 't0815' },
    overrides: { 'log.level': 'debug', 'admin.listen': undefined },
  });
  assert.equal(config.log.level, 'debug');
  assert.deepEqual(sources['log.level'], { kind: 'command line' });
  assert.equal(config.cloud.tenant, 't0815');
  assert.deepEqual(sources['cloud.tenant'], { kind: 'environment', name: 'C8Y_TENANT' });
  assert.deepEqual(sources['cloud.user'], { kind: 'file', file, line: 3 });
  assert.deepEqual(sources['admin.listen'], { kind: 'default' });
});

test('the environment alone is enough', () => {
  const options = { env: ENOUGH, cwd: folder, systemFile: path.join(folder, 'no-such-file') };
  const { config, file } = loadConfig(options);
  assert.equal(file, undefined);
  assert.equal(config.cloud.credentials.kind, 'token');
});

test('the file in the working directory is found, then the one of the system', () => {
  const cwd = path.join(folder, 'cwd');
  mkdirSync(cwd);
  const systemFile = write(GOOD);
  assert.equal(loadConfig({ env: {}, cwd, systemFile }).file, systemFile);
  writeFileSync(path.join(cwd, 'gatehouse.yaml'), GOOD, { mode: 0o600 });
  assert.equal(loadConfig({ env: {}, cwd, systemFile }).file, 'gatehouse.yaml');
});

test('no configuration at all names the places looked at and what to do', () => {
  const { message } = refusal({ cwd: folder });
  assert.match(message, /neither .*gatehouse\.yaml nor .*no-such-file exists/);
  assert.match(message, /gatehouse demo/);
  assert.match(message, /url: https:/);
});

test('a file that was named must exist', () => {
  assert.match(
    refusal({ file: 'absent.yaml', env: ENOUGH }).message,
    /absent\.yaml: the configuration file does not exist/,
  );
});

test('a byte-order mark and Windows line ends do no harm', () => {
  const { config } = load(`\uFEFF${GOOD.replaceAll('\n', '\r\n')}`);
  assert.equal(config.cloud.url, 'https://acme.example.com');
});

const FIFO = path.join(folder, 'fifo');
execFileSync('mkfifo', [FIFO]);
const LOOP = path.join(folder, 'loop');
symlinkSync(LOOP, LOOP);

for (const [what, file, pattern] of [
  ['a directory', folder, /is a directory/],
  ['a FIFO without a writer', FIFO, /is not a regular file/],
  ['an endless device', '/dev/zero', /is not a regular file/],
  ['a loop of links', LOOP, /is a loop of symbolic links/],
  ['10 MiB', write(Buffer.alloc(10_485_760, '#')), /is larger than 1048576 bytes/],
  ['a NUL byte', write('cloud:\0'), /holds a NUL byte/],
  ['UTF-16', write(Buffer.from([0xff, 0xfe, 0x61, 0x62])), /is not UTF-8/],
  ['no content', write(''), /cloud\.url is missing/],
  ['a list', write('- a'), /must hold keys and values/],
  [
    '100,000 open brackets',
    write(`cloud: ${'['.repeat(100_000)}`),
    /nested too deeply|not valid YAML|bracket/,
  ],
  ['a deep mapping', write(`conduits: ${'{a: '.repeat(40)}1${'}'.repeat(40)}`), /nested too deeply/],
] as const) {
  test(`${what} as configuration file is refused with a sentence`, () => {
    assert.match(refusal({ file }).message, pattern);
  });
}

test('100,000 keys are refused without comparing each with every other', () => {
  const { problems, message } = refusal({
    file: write(Array.from({ length: 100_000 }, (_, i) => `k${i}: 1`).join('\n')),
  });
  assert.ok(problems.length >= 100_000);
  assert.ok(message.split('\n').length <= 101);
});

test('a key named __proto__ is an unknown key', () => {
  assert.match(
    refusal({ file: write(`${GOOD}__proto__: { log: 1 }\n`) }).message,
    /__proto__ is an unknown key/,
  );
});

test('sections without content count as not given', () => {
  assert.equal(load(`${GOOD}limits:\n  # sessions: 5\nlog:\n  level:\n`).config.limits.sessions, 10_000);
});

test('an override that is no key is refused', () => {
  const { message } = refusal({ env: ENOUGH, overrides: { 'log.levle': 'debug' } });
  assert.match(message, /command line: log\.levle is an unknown key; did you mean log\.level\?/);
});

test('verification of certificates cannot be turned off by the environment', () => {
  const env = { ...ENOUGH, NODE_TLS_REJECT_UNAUTHORIZED: '0' };
  assert.match(
    refusal({ env }).message,
    /environment variable NODE_TLS_REJECT_UNAUTHORIZED: turns verification/,
  );
});

test('an unknown variable of ours gives a warning with the nearest one', () => {
  const { warnings } = load(GOOD, { env: { GATEHOUSE_LOG_LEVLE: 'debug' } });
  assert.match(warnings.join('\n'), /GATEHOUSE_LOG_LEVLE is not known .* GATEHOUSE_LOG_LEVEL\?/);
});

test('no conduits and an open network give warnings', () => {
  assert.match(load(GOOD.split('conduits:')[0] ?? '').warnings.join(), /conduits is empty/);
  assert.match(
    load(GOOD.replace('10.0.5.0/24', '0.0.0.0/0')).warnings.join(),
    /0\.0\.0\.0\/0 permits every address/,
  );
});
