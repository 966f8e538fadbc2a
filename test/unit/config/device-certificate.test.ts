import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Authority } from '../../../simulator/tls/authority.js';
import { loadConfig, type LoadedConfig } from '../../../src/config/load.js';
import { ConfigError } from '../../../src/config/problem.js';
import { effectiveConfig } from '../../../src/config/view.js';
import { findProgram } from '../../helpers/programs.js';

const DAY_MS = 86_400_000;

let folder = '';
let authority: Authority;
before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-certificates-'));
  authority = await Authority.create('Test devices');
});
after(() => rmSync(folder, { recursive: true }));

/** Key and certificate of a device as files, of which something may be replaced. */
async function files(
  replaced: { readonly key?: string; readonly cert?: string; readonly keyMode?: number } = {},
): Promise<{ certFile: string; keyFile: string }> {
  const { key, cert } = await authority.issueDevice('gw-7');
  const [certFile, keyFile] = [path.join(folder, 'device.pem'), path.join(folder, 'device.key')];
  writeFileSync(certFile, replaced.cert ?? cert);
  writeFileSync(keyFile, replaced.key ?? key);
  chmodSync(keyFile, replaced.keyMode ?? 0o600);
  return { certFile, keyFile };
}

function load(
  cloud: Record<string, unknown>,
  more: Record<string, unknown> = {},
  now = Date.now,
): LoadedConfig {
  const overrides = Object.entries(cloud).map(([name, value]) => [`cloud.${name}`, value] as const);
  return loadConfig({
    env: { C8Y_BASEURL: 'https://acme.example.com' },
    overrides: { ...Object.fromEntries(overrides), 'device.externalId': 'gw-7', ...more },
    cwd: folder,
    systemFile: '/no/such/file',
    now,
  });
}

function problemOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message;
  }
  return assert.fail('no problem');
}

test('a certificate and its key are the credentials; both, and what they are for, show without the key', async () => {
  const { config, sources, warnings } = load(await files());
  assert.ok(config.cloud.credentials.kind === 'certificate');
  const { commonName, validToMs, key } = config.cloud.credentials.certificate;
  assert.equal(commonName, 'gw-7');
  assert.ok(Math.abs(validToMs - Date.now() - 90 * DAY_MS) < DAY_MS);
  assert.match(key.reveal(), /PRIVATE KEY/);
  assert.deepEqual(
    warnings.filter((warning) => warning.includes('certFile')),
    [],
  );
  assert.deepEqual(
    config.cloud.credentialFiles.map((file) => path.basename(file)),
    ['device.pem', 'device.key'],
  );
  const text = effectiveConfig(config, sources).join('\n');
  assert.match(text, /^cloud\.certFile +"gw-7", until \d{4}-\d\d-\d\d /m);
  assert.match(text, /^cloud\.keyFile +\[secret\] /m);
  assert.match(
    text,
    /^cloud\.tokenUrl +https:\/\/acme\.example\.com:8443, then mqtts:\/\/acme\.example\.com:8883 /m,
  );
  assert.doesNotMatch(text, /BEGIN/);
});

test('tokens are asked for where cloud.tokenUrl says, and each place has its own way', async () => {
  const settings = { ...(await files()), proxy: 'http://proxy.plant.example:3128' };
  const { tokenPlaces } = load(settings).config.cloud;
  assert.deepEqual(
    tokenPlaces.map(({ url, proxy }) => [url, proxy?.host]),
    [
      ['https://acme.example.com:8443', 'proxy.plant.example'],
      ['mqtts://acme.example.com:8883', 'proxy.plant.example'],
    ],
  );
  const given = load({ ...settings, tokenUrl: 'mqtts://mqtt.example.com' }).config.cloud.tokenPlaces;
  assert.deepEqual(
    given.map(({ url }) => url),
    ['mqtts://mqtt.example.com'],
  );
  assert.match(
    problemOf(() => load({ ...settings, tokenUrl: 'http://127.0.0.1' })),
    /cloud\.tokenUrl.* must begin with https:\/\/, mqtts:\/\//,
  );
});

test('a key that is not that of the certificate is an error that says so', async () => {
  const { key } = await authority.issueDevice('gw-7');
  const settings = await files({ key });
  assert.match(
    problemOf(() => load(settings)),
    /cloud\.keyFile is not the key of the certificate in cloud\.certFile/,
  );
});

test('a key that others can read is an error with the command against it', async () => {
  const settings = await files({ keyMode: 0o644 });
  assert.match(
    problemOf(() => load(settings)),
    /everybody on this machine has access to .*run: chmod 600/,
  );
});

test('a key with a passphrase is an error with the command against it', async () => {
  const { key } = await authority.issueDevice('gw-7');
  const openssl = findProgram('openssl') ?? assert.fail('openssl is not installed');
  const locked = execFileSync(openssl, ['pkey', '-aes256', '-passout', 'pass:x'], {
    input: key,
    encoding: 'utf8',
  });
  const settings = await files({ key: locked });
  assert.match(
    problemOf(() => load(settings)),
    /a key with a passphrase.*openssl pkey -in OLD -out NEW/,
  );
});

test('files that hold something else are errors', async () => {
  assert.match(
    problemOf(() => load({ certFile: 'gone.pem', keyFile: 'gone.key' })),
    /certFile.*does not exist/s,
  );
  const noCertificate = await files({ cert: 'hello' });
  assert.match(
    problemOf(() => load(noCertificate)),
    /holds no PEM certificate/,
  );
  const noKey = await files({ key: 'hello' });
  assert.match(
    problemOf(() => load(noKey)),
    /holds no private key/,
  );
  const torn = await files({ cert: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' });
  assert.match(
    problemOf(() => load(torn)),
    /holds a certificate \(number 1\) that cannot be read/,
  );
});

test('a certificate with a key that is too weak for TLS is an error', () => {
  const openssl = findProgram('openssl') ?? assert.fail('openssl is not installed');
  const [certFile, keyFile] = [path.join(folder, 'weak.pem'), path.join(folder, 'weak.key')];
  const subject = ['-subj', '/CN=gw-7', '-days', '2', '-keyout', keyFile, '-out', certFile];
  execFileSync(openssl, ['req', '-x509', '-newkey', 'rsa:1024', '-nodes', ...subject], { stdio: 'ignore' });
  chmodSync(keyFile, 0o600);
  assert.match(
    problemOf(() => load({ certFile, keyFile })),
    /cannot be used for TLS \(\w+\): RSA below 2,048 bits/,
  );
});

test('one without the other, and a second way to log in, are errors', async () => {
  const both = await files();
  assert.match(
    problemOf(() => load({ certFile: both.certFile })),
    /cloud\.keyFile is missing, but cloud\.certFile is set/,
  );
  assert.match(
    problemOf(() => load({ keyFile: both.keyFile })),
    /cloud\.certFile is missing, but cloud\.keyFile is set/,
  );
  assert.match(
    problemOf(() => load({ ...both, token: 'abcdefgh' })),
    /and cloud\.token are both set; keep one way/,
  );
});

const OF_TIME: readonly [string, number, RegExp][] = [
  ['has expired', 91, /expired on \d{4}-\d\d-\d\d \(this machine's clock says .*have it renewed/],
  ['is not valid yet', -2, /valid from \d{4}-\d\d-\d\d only \(this machine's clock says .*timedatectl/],
];
for (const [title, days, expected] of OF_TIME) {
  test(`a certificate that ${title} is a warning with what to do: the clock may be wrong`, async () => {
    const { warnings } = load(await files(), {}, () => Date.now() + days * DAY_MS);
    assert.match(warnings.join('\n'), expected);
  });
}

test('a certificate for another device is a warning', async () => {
  const { warnings } = load(await files(), { 'device.externalId': 'gw-8' });
  assert.match(warnings.join('\n'), /certificate for "gw-7", but device\.externalId is "gw-8"/);
});

test('mqtt by certificate needs TLS of our own', async () => {
  const mqtt = { 'intake.kind': 'mqtt', 'intake.mqttUrl': 'wss://acme.example.com/mqtt' };
  const settings = await files();
  assert.match(
    problemOf(() => load(settings, mqtt)),
    /intake\.mqttUrl must begin with mqtts:\/\//,
  );
  assert.equal(
    load(settings, { 'intake.kind': 'mqtt' }).config.intake.mqttUrl,
    'mqtts://acme.example.com:8883',
  );
});
