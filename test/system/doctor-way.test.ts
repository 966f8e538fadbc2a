import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { EXIT } from '../../src/exit-codes.js';
import type { Flaws } from '../helpers/certificates.js';
import { closedPort } from '../helpers/closed-port.js';
import { startSquid } from '../helpers/doctor-squid.js';
import { Patient } from '../helpers/doctor.js';
import { unlessMissing } from '../helpers/programs.js';
import { startProxy } from '../unit/cli/check-cloud.js';
import { SilentPort } from '../helpers/silent-port.js';
import { startTlsFront } from '../helpers/tls-front.js';

/* What can be wrong on the way to the cloud; doctor.test.ts has the rest and says how these tests work. */

test('a name that does not resolve: it is to be looked up here, or a proxy is to be used', async (t) => {
  const patient = await Patient.healthy(t);
  // Longer than a label may be: no DNS server is asked, and the answer is the same everywhere.
  const host = `${'a'.repeat(64)}.example`;
  patient.configure({ cloud: { url: `https://${host}` } });
  await patient.suffersFrom('name-unresolved', [`getent hosts ${host}`], EXIT.unreachable);
  const fix = await patient.suffersFrom('name-unresolved', ['  proxy: http://PROXY:3128'], EXIT.unreachable);
  assert.match(fix.what, /add this below `cloud:` in gatehouse\.yaml$/);
});

test(
  'a proxy that wants a login, from a file of its own: the content of that file',
  unlessMissing('squid'),
  async (t) => {
    const patient = await Patient.healthy(t);
    const { port } = await startSquid(t, 'login');
    const proxyFile = patient.write('proxy', `http://127.0.0.1:${port}`);
    patient.configure({ cloud: { proxyFile } });
    const content = `http://USER:PASSWORD@127.0.0.1:${port}`;
    const fix = await patient.suffersFrom('proxy-credentials', [content], EXIT.unreachable);
    assert.equal(fix.what, `give them: this is the content of ${proxyFile}`);
  },
);

test(
  'a proxy that says no to the tunnels only: it is named, and not proposed',
  unlessMissing('squid'),
  async (t) => {
    const patient = await Patient.healthy(t);
    const { port } = await startSquid(t, 'nobody');
    const { port: cloudPort } = new URL(patient.cloud.url);
    patient.configure({
      cloud: { remoteAccessUrl: `http://127.0.0.2:${cloudPort}`, proxy: `http://127.0.0.1:${port}` },
    });
    const { failed } = await patient.examine({ NO_PROXY: '127.0.0.1' });
    assert.deepEqual(
      failed.map(({ fault }) => fault),
      ['proxy-refused'],
    );
    const text = JSON.stringify(failed);
    assert.ok(text.includes(`127.0.0.1:${port} answers 403 to CONNECT 127.0.0.2:${cloudPort}`), text);
    assert.ok(!text.includes('HOST:PORT') && !text.includes('PROXY:3128'), text);
  },
);

test('a name that does not resolve, which NO_PROXY keeps from the proxy: out of NO_PROXY with it', async (t) => {
  const patient = await Patient.healthy(t);
  const host = `${'a'.repeat(64)}.example`;
  patient.configure({ cloud: { url: `https://${host}`, proxy: `http://127.0.0.1:${await closedPort()}` } });
  const { failed } = await patient.examine({ NO_PROXY: host });
  assert.equal(failed[0]?.fault, 'name-unresolved');
  const last = failed[0].fixes?.at(-1);
  assert.match(last?.what ?? '', /out of NO_PROXY/);
});

test('a proxy that is spoken to by TLS and does not speak it: plain HTTP to it, and all is well', async (t) => {
  const patient = await Patient.healthy(t);
  const proxy = await startProxy();
  t.after(() => proxy.close());
  patient.configure({ cloud: { proxy: `https://127.0.0.1:${proxy.port}` } });
  const line = `  proxy: http://127.0.0.1:${proxy.port}`;
  const fix = await patient.suffersFrom('proxy-unreachable', [line], EXIT.unreachable);
  const [failure] = (await patient.examine()).failed;
  assert.doesNotMatch(JSON.stringify(failure), /SSL routines|EPROTO|wrong version/);
  await patient.follow(fix);
  await patient.isHealthy();
});

test('a port that is the usual one already is not corrected to itself', async (t) => {
  const patient = await Patient.healthy(t);
  // Nobody can listen there: an address of loopback that nothing uses.
  patient.configure({ intake: { kind: 'mqtt', mqttUrl: 'mqtts://127.83.0.9:8883' } });
  const { failed } = await patient.examine();
  assert.deepEqual(
    failed.map(({ fault }) => fault),
    ['cloud-closed'],
  );
  assert.doesNotMatch(JSON.stringify(failed[0]?.fixes), /mqttUrl/);
});

test('a closed port: the URL without it', async (t) => {
  const patient = await Patient.healthy(t);
  patient.configure({ cloud: { url: `https://localhost:${await closedPort()}` } });
  const fix = await patient.suffersFrom('cloud-closed', ['  url: https://localhost'], EXIT.unreachable);
  assert.match(fix.what, /this is gatehouse\.yaml:2$/);
});

test('an address that answers nothing: the rule for the firewall in between', async (t) => {
  const patient = await Patient.healthy(t);
  const silent = await SilentPort.on('127.0.0.1');
  t.after(() => silent.close());
  patient.configure({ cloud: { url: `https://127.0.0.1:${silent.port}` } });
  const rule = new RegExp(`^nft add rule .* tcp dport ${silent.port} accept$`);
  await patient.suffersFrom('cloud-silent', [rule], EXIT.unreachable);
});

for (const [what, login] of [
  ['wants a login that is not given', ''],
  ['does not accept the login', 'plant:wrong-secret@'],
] as const) {
  test(`a proxy that ${what} (407): where user and password belong`, unlessMissing('squid'), async (t) => {
    const patient = await Patient.healthy(t);
    const { port } = await startSquid(t, 'login');
    patient.configure({ cloud: { proxy: `http://${login}127.0.0.1:${port}` } });
    const line = `  proxy: http://USER:PASSWORD@127.0.0.1:${port}`;
    const fix = await patient.suffersFrom('proxy-credentials', [line], EXIT.unreachable);
    assert.match(fix.what, /this is gatehouse\.yaml:6$/);
  });
}

test('a proxy that refuses (403): the lines of its configuration', unlessMissing('squid'), async (t) => {
  const patient = await Patient.healthy(t);
  const { port } = await startSquid(t, 'nobody');
  patient.configure({ cloud: { proxy: `http://127.0.0.1:${port}` } });
  const lines = [/^acl \w+ dstdomain 127\.0\.0\.1$/, /^acl \w+ port \d+$/, /^http_access allow CONNECT /];
  await patient.suffersFrom('proxy-refused', lines, EXIT.unreachable);
});

test('a proxy that is not there: it is the proxy, not the cloud', async (t) => {
  const patient = await Patient.healthy(t);
  const port = await closedPort();
  patient.configure({ cloud: { proxy: `http://127.0.0.1:${port}` } });
  await patient.suffersFrom('proxy-unreachable', [`nc -vz 127.0.0.1 ${port}`], EXIT.unreachable);
});

test('an unknown TLS issuer: the file for its root, and with it all is well', async (t) => {
  const patient = await Patient.healthy(t);
  const { port, ca } = await startTlsFront(t, patient.cloud.url);
  patient.configure({ cloud: { url: `https://localhost:${port}` } });
  const fix = await patient.suffersFrom('tls-issuer', ['  caFile: /etc/gatehouse/ca.pem'], EXIT.unreachable);
  const file = path.join(patient.folder, 'ca.pem');
  writeFileSync(file, ca);
  await patient.follow({ ...fix, paste: [`  caFile: ${file}`] });
  await patient.isHealthy();
});

test('another TLS host name: the name that the certificate is for, and with it all is well', async (t) => {
  const patient = await Patient.healthy(t);
  const names = [{ type: 'dns', value: 'localhost' }] as const;
  const { port, ca } = await startTlsFront(t, patient.cloud.url, { names });
  const caFile = path.join(patient.folder, 'ca.pem');
  writeFileSync(caFile, ca);
  patient.configure({ cloud: { url: `https://127.0.0.1:${port}`, caFile } });
  await patient.follow(
    await patient.suffersFrom('tls-name', [`  url: https://localhost:${port}`], EXIT.unreachable),
  );
  await patient.isHealthy();
});

async function behindTls(t: TestContext, flaws: Flaws): Promise<Patient> {
  const patient = await Patient.healthy(t);
  const { port, ca } = await startTlsFront(t, patient.cloud.url, flaws);
  const caFile = path.join(patient.folder, 'ca.pem');
  writeFileSync(caFile, ca);
  patient.configure({ cloud: { url: `https://localhost:${port}`, caFile } });
  return patient;
}

test('a certificate that has expired', async (t) => {
  const patient = await behindTls(t, { fromDays: -10, toDays: -1 });
  await patient.suffersFrom(
    'tls-expired',
    [/^openssl s_client .* \| openssl x509 -noout -dates$/],
    EXIT.unreachable,
  );
});

test('a certificate that is not valid yet: the clock', async (t) => {
  const patient = await behindTls(t, { fromDays: 5 });
  await patient.suffersFrom('tls-not-yet', ['sudo timedatectl set-ntp true'], EXIT.unreachable);
});

test('a key that is too short', async (t) => {
  const patient = await behindTls(t, { key: 'rsa-1024' });
  await patient.suffersFrom('tls-weak', [/^openssl s_client /], EXIT.unreachable);
});

test('a port that does not speak TLS', async (t) => {
  const patient = await Patient.healthy(t);
  patient.configure({ cloud: { url: patient.cloud.url.replace('http://127.0.0.1', 'https://localhost') } });
  await patient.suffersFrom('tls-none', ['  url: https://localhost'], EXIT.unreachable);
  assert.doesNotMatch(JSON.stringify((await patient.examine()).failed), /SSL routines|EPROTO|wrong version/);
});

test("a clock that is wrong: NTP, or the cloud's time", async (t) => {
  const patient = await Patient.healthy(t, { timing: { dateSkewMs: -7_200_000 } });
  await patient.suffersFrom('clock-skew', ['sudo timedatectl set-ntp true'], EXIT.failed);
  const [fix] = (await patient.examine()).failed.map(({ fixes }) => fixes?.[1]?.paste[0]);
  assert.match(fix ?? '', /^sudo date -u -s '\d{4}-\d\d-\d\d \d\d:\d\d:\d\d'$/);
});

test('a cloud that fails by itself: to be waited for', async (t) => {
  const patient = await Patient.healthy(t);
  patient.cloud.faults.set({ requests: [{ path: '/user/currentUser', status: 503 }] });
  await patient.suffersFrom('cloud-failing', [/^curl -sI http:/], EXIT.failed);
});

test('a web server that is no Cumulocity', async (t) => {
  const patient = await Patient.healthy(t);
  const server = http.createServer((_, response) => response.writeHead(404).end('<h1>Plant portal</h1>'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  patient.configure({ cloud: { url: `http://127.0.0.1:${port}` } });
  await patient.suffersFrom('not-cumulocity', ['  url: https://TENANT.example.com'], EXIT.failed);
});
