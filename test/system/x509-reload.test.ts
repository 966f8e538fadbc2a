import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Cloud } from '../../simulator/cloud.js';
import type { AgentProcess } from '../helpers/agent-process.js';
import { echoes, startAgent, startTarget } from '../helpers/agent-scene.js';
import { writeCertificate, writeIdentity } from '../helpers/device-certificate.js';

/** An agent with a device certificate on `intake`. */
async function started(
  t: TestContext,
  kind: 'rest' | 'mqtt',
  tokenUrl: (cloud: Cloud) => string | undefined,
) {
  const sections: Record<string, unknown> = {};
  const agent = await startAgent(t, {
    sections,
    cloud: { httpsPort: 0, certificatePort: 0, mqttsPort: 0 },
    before: async (cloud, _device, folder) => {
      const files = await writeCertificate(cloud, folder);
      sections.cloud = { url: cloud.httpsUrl, ...files, tokenUrl: tokenUrl(cloud) };
      sections.intake = { kind, mqttUrl: cloud.mqttsUrl };
    },
  });
  return agent;
}

async function survivesReload(t: TestContext, agent: AgentProcess): Promise<void> {
  const target = await startTarget(t);
  const first = await agent.open({ port: target.port });
  await echoes(first, 'before');
  writeIdentity(agent.folder, await agent.cloud.issueDeviceCertificate('gw-7'));
  agent.command.kill('SIGHUP');
  await agent.logged('gatehouse started', { generation: 2 });
  await agent.ready();
  const second = await agent.open({ port: target.port });
  await echoes(second, 'in the next generation');
  await echoes(first, 'still in the old one');
  first.destroy();
  second.destroy();
  await agent.finalOperation();
  const failed = agent.operations().filter(({ status }) => status === 'FAILED');
  assert.deepEqual(failed, []);
}

test('SIGHUP with a new certificate: the next generation logs in with it, sessions of the old one go on', async (t) => {
  const agent = await started(t, 'rest', (cloud) => cloud.certificateUrl);
  await survivesReload(t, agent);
});

test('SIGHUP where tokens and operations come over MQTT alone: the client id changes hands', async (t) => {
  const agent = await started(t, 'mqtt', (cloud) => cloud.mqttsUrl);
  await survivesReload(t, agent);
});

test('check logs in by certificate, and says what is wrong with one that is not trusted', async (t) => {
  const agent = await started(t, 'rest', (cloud) => cloud.certificateUrl);
  const good = await agent.ask('check');
  assert.match(
    good.stdout,
    /^ok +certificate: "gw-7", ends in \d+ days; https:\/\/localhost:\d+ gave a token for it$/m,
  );
  assert.match(good.stdout, /^ok +credentials: accepted as device_gw-7$/m);
  assert.match(good.stdout, /^ok +remote-access service: /m);
  agent.cloud.faults.set({
    requests: [{ method: 'POST', path: '/devicecontrol/deviceAccessToken', status: 401 }],
  });
  const refused = await agent.ask('check');
  assert.match(
    refused.stdout,
    /^failed +certificate: no token for the device certificate: .*"gw-7" \(401\)/m,
  );
  assert.match(refused.stdout, /^ +fix: upload the authority/m);
  assert.match(refused.stdout, /^skipped +credentials: needs certificate, which failed$/m);
  assert.equal(refused.code, 77);
  const json = await agent.ask('check', '--json');
  assert.match(json.stdout, /"fault": "certificate-refused"/);
});
