import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { EXIT } from '../../../src/exit-codes.js';
import { certificateFor, startProxy } from './check-cloud.js';
import { assertLines, cloud, configFor, folder, open, run } from './check-run.js';

test('TLS shows issuer and expiry with a trusted root', async (t) => {
  const tls = await certificateFor(['127.0.0.1'], 100);
  writeFileSync(path.join(folder, 'ca.pem'), tls.cert);
  const tenant = await cloud(t, { tls });
  const result = await run(configFor(tenant.url, { cloud: { caFile: 'ca.pem' } }));
  assertLines(result, /^ok {7}TLS: TLSv1\.3, 127\.0\.0\.1 vouched for by Plant until \d{4}-\d\d-\d\d$/m);
  assert.equal(result.exitCode, EXIT.done);
});

for (const [what, names, days, isTrusted, pattern] of [
  [
    'that nobody vouches for',
    ['127.0.0.1'],
    100,
    false,
    /DEPTH_ZERO_SELF_SIGNED_CERT.*issued by Plant[^]*\n {11} {2}caFile: \/etc/,
  ],
  [
    'for another name',
    ['other.example'],
    100,
    true,
    /ERR_TLS_CERT_ALTNAME_INVALID.*for other\.example\n[^]*\n {11} {2}url: https:\/\/other\.example:\d+\n/,
  ],
  ['that has expired', ['127.0.0.1'], -1, true, /CERT_HAS_EXPIRED.*\n.*clock of this machine[^]*timedatectl/],
] as const) {
  test(`a certificate ${what} fails TLS, and no credentials are sent`, async (t) => {
    const tls = await certificateFor(names, days);
    const caFile = path.join(folder, `ca-${what.replaceAll(' ', '-')}.pem`);
    writeFileSync(caFile, tls.cert);
    const tenant = await cloud(t, { tls });
    const result = await run(configFor(tenant.url, isTrusted ? { cloud: { caFile } } : {}));
    assertLines(result, /^failed {3}TLS: /m, pattern, /^skipped {2}credentials: needs tls/m);
    assert.equal(result.exitCode, EXIT.unreachable);
    assert.deepEqual(tenant.requests, []);
  });
}

test('an MQTT endpoint that nobody vouches for fails', async (t) => {
  const tenant = await cloud(t);
  const broker = await cloud(t, { tls: await certificateFor(['127.0.0.1'], 100) });
  const intake = { kind: 'mqtt', mqttUrl: `mqtts://127.0.0.1:${broker.port}` };
  const result = await run(configFor(tenant.url, { intake }));
  assertLines(result, /^failed {3}MQTT endpoint: .*DEPTH_ZERO_SELF_SIGNED_CERT[^]*\n {13}caFile: /m);
  assert.equal(result.exitCode, EXIT.unreachable);
});

test('everything for the cloud goes through the proxy, with its credentials', async (t) => {
  const tls = await certificateFor(['127.0.0.1'], 100);
  const caFile = path.join(folder, 'proxied.pem');
  writeFileSync(caFile, tls.cert);
  const tenant = await cloud(t, { tls });
  const proxy = await open(t, startProxy());
  const url = `http://me:canary-proxy@127.0.0.1:${proxy.port}`;
  const result = await run(
    configFor(tenant.url, {
      cloud: { caFile, proxy: url },
      intake: { kind: 'mqtt', mqttUrl: `mqtts://127.0.0.1:${tenant.port}` },
    }),
  );
  assertLines(
    result,
    /^ok {7}proxy: .* opens a tunnel/m,
    /^skipped {2}TCP: goes through/m,
    /^ok {7}MQTT endpoint: .*TLS verified/m,
  );
  assert.equal(result.exitCode, EXIT.done, result.stdout);
  const expected = `CONNECT 127.0.0.1:${tenant.port} Basic ${Buffer.from('me:canary-proxy').toString('base64')}`;
  assert.deepEqual([...new Set(proxy.requests)], [expected]);
});

for (const [status, pattern] of [
  [
    407,
    /proxy: \S+ answers 407 to CONNECT \S+\n.*a user and a password\n.*\n {13}proxy: http:\/\/USER:PASSWORD@127/,
  ],
  [403, /proxy: \S+ answers 403 to CONNECT[^]*\n {11}http_access allow CONNECT/],
] as const) {
  test(`a proxy that answers ${status} ends with 69`, async (t) => {
    const tenant = await cloud(t);
    const proxy = await open(t, startProxy(status));
    const result = await run(configFor(tenant.url, { cloud: { proxy: `http://127.0.0.1:${proxy.port}` } }));
    assertLines(result, pattern, /^skipped {2}TCP: needs proxy/m);
    assert.equal(result.exitCode, EXIT.unreachable);
    assert.deepEqual(tenant.requests, []);
  });
}
