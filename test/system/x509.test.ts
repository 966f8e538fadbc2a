import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Cloud, CloudOptions } from '../../simulator/cloud.js';
import type { AgentProcess, AgentProcessOptions } from '../helpers/agent-process.js';
import { echoes, startAgent, startTarget } from '../helpers/agent-scene.js';
import { writeCertificate, writeIdentity, type CertificateSettings } from '../helpers/device-certificate.js';
import { eventually } from '../helpers/eventually.js';

const TOKEN_PATH = '/devicecontrol/deviceAccessToken';
const TUNNEL_PATH = '/service/remoteaccess/device/';
const PORTS: CloudOptions = { httpsPort: 0, certificatePort: 0, mqttsPort: 0 };

interface Wishes {
  readonly cloud?: CloudOptions;
  readonly settings?: (cloud: Cloud, files: CertificateSettings) => object;
  readonly sections?: (cloud: Cloud) => object;
  readonly certificate?: Parameters<typeof writeCertificate>[2];
  readonly options?: Partial<AgentProcessOptions>;
  readonly prepare?: (cloud: Cloud) => void;
}

/** An agent whose device has a certificate and no password, before a cloud on its TLS ports. */
async function started(t: TestContext, wishes: Wishes = {}): Promise<AgentProcess> {
  const sections: Record<string, unknown> = {};
  return startAgent(t, {
    sections,
    cloud: { ...PORTS, ...wishes.cloud },
    before: async (cloud, _device, folder) => {
      wishes.prepare?.(cloud);
      const files = await writeCertificate(cloud, folder, wishes.certificate);
      const settings = wishes.settings?.(cloud, files) ?? { ...files, tokenUrl: cloud.certificateUrl };
      sections.cloud = { url: cloud.httpsUrl, ...settings };
      Object.assign(sections, wishes.sections?.(cloud));
    },
    ...wishes.options,
  });
}

const tokenRequests = ({ cloud }: AgentProcess) => cloud.requests.list('POST', TOKEN_PATH);

/** Answers that say that credentials were not taken. */
const refusals = ({ cloud }: AgentProcess) =>
  ['GET', 'POST', 'PUT'].flatMap((method) =>
    cloud.requests.list(method, '/').filter(({ status }) => status === 401),
  );

async function carriesBytes(t: TestContext, agent: AgentProcess): Promise<void> {
  const target = await startTarget(t);
  const tunnel = await agent.open({ port: target.port });
  await echoes(tunnel, 'over a certificate');
  tunnel.destroy();
}

test('a device with a certificate works with tokens of the access token endpoint alone', async (t) => {
  const agent = await started(t);
  await carriesBytes(t, agent);
  assert.equal((await agent.finalOperation()).status, 'SUCCESSFUL');
  assert.equal(tokenRequests(agent).length, 1);
  const { authorization } = agent.cloud.requests.list('GET', TUNNEL_PATH).at(-1) ?? {};
  assert.equal(authorization, 'bearer');
  assert.deepEqual(refusals(agent), []);
  const metrics = await (await fetch(`${agent.adminUrl}/metrics`)).text();
  assert.match(metrics, /gatehouse_token_fetches_total\{way="endpoint",outcome="ok"\} 1\n/);
  const [, seconds] = /^gatehouse_device_certificate_expiry_timestamp_seconds (\S+)$/m.exec(metrics) ?? [];
  const days = (Number(seconds) - Date.now() / 1_000) / 86_400;
  assert.ok(days > 89 && days < 91, `${days} days`);
});

test('tokens that end are replaced before they do, by the clock of the cloud', async (t) => {
  const agent = await started(t, {
    // The gateway's clock is two hours ahead: by it every token has ended before it is there.
    cloud: { tokenLifeMs: 4_000, now: () => Date.now() - 7_200_000, timing: { longPollMs: 500 } },
    certificate: { life: { notBefore: new Date(Date.now() - 86_400_000) } },
  });
  await eventually(() => tokenRequests(agent).length >= 4 || undefined, 'a fourth token', 20_000);
  await carriesBytes(t, agent);
  assert.deepEqual(refusals(agent), []);
  const times = tokenRequests(agent).map(({ atMs }) => atMs);
  for (const [index, atMs] of times.slice(1).entries())
    assert.ok(atMs - (times[index] ?? 0) > 2_500, `tokens at ${times.join(' ')}`);
});

test('a token that ended in the cloud costs no session: REST and tunnel fetch one more, once for both', async (t) => {
  const agent = await started(t);
  const target = await startTarget(t);
  // A token that has just been fetched is not replaced.
  await new Promise((resolve) => setTimeout(resolve, 5_100));
  agent.cloud.platform.users.expireTokens();
  // The operator's client has a password.
  const tunnel = await agent.open({ port: target.port });
  await echoes(tunnel, 'after a 401');
  tunnel.destroy();
  assert.equal((await agent.finalOperation()).status, 'SUCCESSFUL');
  const upgrades = agent.cloud.requests.list('GET', TUNNEL_PATH).map(({ status }) => status);
  assert.deepEqual(upgrades, [401, 101]);
  const keys = agent.cloud.requests.list('GET', TUNNEL_PATH).map(({ path: key }) => key);
  assert.equal(new Set(keys).size, 1, 'the key was not spent by the refusal');
  assert.equal(tokenRequests(agent).length, 2);
});

test('a tunnel that is refused twice fails, after one fresh token', async (t) => {
  const agent = await started(t);
  const target = await startTarget(t);
  await new Promise((resolve) => setTimeout(resolve, 5_100));
  agent.cloud.faults.set({ requests: [{ method: 'GET', path: `${TUNNEL_PATH}*`, status: 401, times: 5 }] });
  void agent.open({ port: target.port }).catch(() => undefined);
  const operation = await agent.finalOperation();
  assert.match(operation.failureReason ?? '', /^cloud-unauthorized: /);
  assert.equal(agent.cloud.requests.list('GET', TUNNEL_PATH).length, 2);
  assert.equal(tokenRequests(agent).length, 2);
});

test('with mqtt intake the certificate is the login, and tokens come over that connection', async (t) => {
  const agent = await started(t, {
    cloud: { tokenLifeMs: 5_000 },
    settings: (cloud, files) => ({ ...files, tokenUrl: cloud.mqttsUrl }),
    sections: (cloud) => ({ intake: { kind: 'mqtt', mqttUrl: cloud.mqttsUrl } }),
  });
  await carriesBytes(t, agent);
  const clients = agent.cloud.mqtt?.clients() ?? [];
  assert.deepEqual(
    clients.map(({ identifier, hasCertificate }) => [identifier, hasCertificate]),
    [['gw-7', true]],
  );
  await new Promise((resolve) => setTimeout(resolve, 4_500));
  await carriesBytes(t, agent);
  assert.deepEqual(tokenRequests(agent), []);
  assert.deepEqual(refusals(agent), []);
  assert.deepEqual(agent.cloud.mqtt?.clients(), clients, 'nobody was thrown out');
  assert.ok(clients[0]?.topics.includes('s/dat'), 'the second token came over the connection of the intake');
});

test('where the endpoint cannot be reached, a device that is new to the cloud gets its token over MQTT', async (t) => {
  const agent = await started(t, {
    certificate: { externalId: 'gw-new' },
    settings: (_cloud, files) => files,
    sections: (cloud) => ({ device: { externalId: 'gw-new' }, intake: { mqttUrl: cloud.mqttsUrl } }),
  });
  const device = await eventually(() => agent.cloud.platform.deviceBySerial('gw-new'), 'the device');
  const target = await startTarget(t);
  await echoes(await agent.open({ port: target.port }, device.id), 'from a new device');
  assert.deepEqual(tokenRequests(agent), []);
});

test('a certificate that the tenant does not trust is told in words, and asked about ever more slowly', async (t) => {
  const agent = await started(t, {
    options: { waitForLink: false },
    prepare: (cloud) => {
      cloud.faults.set({ requests: [{ method: 'POST', path: TOKEN_PATH, status: 401, times: 1_000 }] });
    },
  });
  const line = await agent.logged('not connected to the cloud');
  assert.match(
    String(line.reason),
    /does not accept the certificate of "gw-7" \(401\): its authority must be among/,
  );
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  assert.ok(tokenRequests(agent).length <= 6, `${tokenRequests(agent).length} requests in 4 s`);
  const metrics = await (await fetch(`${agent.adminUrl}/metrics`)).text();
  assert.match(metrics, /gatehouse_token_fetches_total\{way="endpoint",outcome="refused"\} \d+\n/);
});

test('a certificate that is replaced on disk is taken without a restart', async (t) => {
  const agent = await started(t, {
    options: { waitForLink: false },
    certificate: { life: { notBefore: new Date(Date.now() - 9e8), notAfter: new Date(Date.now() - 8e8) } },
  });
  await agent.logged('the device certificate has expired; put a new one in its place');
  await agent.logged('not connected to the cloud');
  writeIdentity(agent.folder, await agent.cloud.issueDeviceCertificate('gw-7'));
  await agent.logged('new credentials are in force');
  await agent.ready();
  await carriesBytes(t, agent);
});

test('a half-written pair of files leaves the old certificate in force, and says so', async (t) => {
  const agent = await started(t);
  const { cert, key } = await agent.cloud.issueDeviceCertificate('gw-7');
  writeFileSync(path.join(agent.folder, 'device.pem'), cert);
  const line = await agent.logged('the configuration is invalid');
  assert.match(
    JSON.stringify(line.problems),
    /cloud\.keyFile is not the key of the certificate in cloud\.certFile/,
  );
  await agent.logged('changed credentials cannot be used, the old ones stay in force');
  await carriesBytes(t, agent);
  writeFileSync(path.join(agent.folder, 'device.key'), key);
  await agent.logged('new credentials are in force');
});

test('a password that is replaced in its file is taken at once, however long the wait for the next try is', async (t) => {
  const sections: Record<string, unknown> = {};
  // Not beside the agent, whose folder is searched for secrets.
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-test-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const passwordFile = path.join(folder, 'password');
  const agent = await startAgent(t, {
    sections,
    waitForLink: false,
    before: (cloud, { tenant, user }) => {
      writeFileSync(passwordFile, 'not-the-password', { mode: 0o600 });
      sections.cloud = { url: cloud.url, tenant, user, passwordFile };
    },
  });
  await agent.logged('not connected to the cloud');
  writeFileSync(passwordFile, agent.device.password, { mode: 0o600 });
  await agent.logged('new credentials are in force');
  await agent.ready();
});
