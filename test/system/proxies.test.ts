import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Cloud, CloudOptions } from '../../simulator/cloud.js';
import type { AgentProcess, AgentProcessOptions } from '../helpers/agent-process.js';
import { echoes, startAgent, startTarget } from '../helpers/agent-scene.js';
import { serverIdentity } from '../helpers/certificates.js';
import { writeCertificate, type CertificateSettings } from '../helpers/device-certificate.js';
import { InspectingProxy } from '../helpers/inspecting-proxy.js';
import { unlessMissing } from '../helpers/programs.js';
import { Squid, type Access } from '../helpers/squid.js';

const NEEDS = unlessMissing('squid', 'openssl');

/** A name that only the proxy knows: what reaches it has gone through the proxy. */
const CLOUD = 'cloud.plant.test';
const PORTS: CloudOptions = { httpsPort: 0, certificatePort: 0, mqttsPort: 0, serverNames: [CLOUD] };
const LOGIN = { user: 'gateway', password: 'pr0xy:p@ss/word' };

/** The address of a port of the cloud, by the name that only the proxy knows. */
const behind = (url: string | undefined): string => (url ?? '').replace('localhost', CLOUD);
const portOf = (url: string | undefined): string => new URL(url ?? '').port;

interface Wishes {
  readonly proxy: string;
  readonly settings?: (cloud: Cloud, files: CertificateSettings) => object;
  readonly intake?: (cloud: Cloud) => object;
  readonly env?: Record<string, string>;
  readonly authorities?: readonly string[];
  readonly waitForLink?: boolean;
}

/** An agent with a device certificate, so that everything there is to reach is reached: REST, MQTT, tokens, tunnels. */
async function started(t: TestContext, wishes: Wishes): Promise<AgentProcess> {
  const sections: Record<string, unknown> = {};
  const options: AgentProcessOptions = {
    sections,
    cloud: PORTS,
    waitForLink: wishes.waitForLink ?? true,
    ...(wishes.env === undefined ? {} : { env: wishes.env }),
    before: async (cloud, _device, folder) => {
      const files = await writeCertificate(cloud, folder);
      writeFileSync(files.caFile, [cloud.ca, ...(wishes.authorities ?? [])].join('\n'));
      sections.cloud = {
        url: behind(cloud.httpsUrl),
        ...files,
        tokenUrl: behind(cloud.certificateUrl),
        proxy: wishes.proxy,
        ...wishes.settings?.(cloud, files),
      };
      sections.intake = wishes.intake?.(cloud) ?? { kind: 'mqtt', mqttUrl: behind(cloud.mqttsUrl) };
    },
  };
  return startAgent(t, options);
}

async function carriesBytes(t: TestContext, agent: AgentProcess): Promise<void> {
  const target = await startTarget(t);
  const tunnel = await agent.open({ port: target.port });
  await echoes(tunnel, 'through the proxy');
  tunnel.destroy();
}

/** Ends the agent, so that Squid has logged every tunnel, and gives what was asked for. */
async function accessesAfter(agent: AgentProcess, squid: Squid): Promise<Access[]> {
  agent.command.kill('SIGTERM');
  await agent.command.ended();
  // Squid writes the line of a tunnel when it has seen both ends close.
  await new Promise((resolve) => setTimeout(resolve, 500));
  return squid.accesses();
}

const targets = (accesses: readonly Access[]): string[] =>
  [...new Set(accesses.map(({ target }) => target))].sort();

function places({ cloud }: AgentProcess, ...urls: ('httpsUrl' | 'mqttsUrl' | 'certificateUrl')[]): string[] {
  return urls.map((name) => `${CLOUD}:${portOf(cloud[name])}`).sort();
}

test(
  'REST, MQTT, tokens and tunnels all go through a Squid that wants user and password',
  NEEDS,
  async (t) => {
    const squid = await Squid.start(t, { login: LOGIN, names: [CLOUD] });
    const agent = await started(t, { proxy: squid.url() });
    await carriesBytes(t, agent);
    assert.equal((await agent.finalOperation()).status, 'SUCCESSFUL');
    const outputs = [JSON.stringify(agent.log()), agent.command.stdout, agent.command.stderr];
    const accesses = await accessesAfter(agent, squid);
    assert.deepEqual(targets(accesses), places(agent, 'httpsUrl', 'mqttsUrl', 'certificateUrl'));
    for (const access of accesses)
      assert.deepEqual([access.method, access.status, access.user], ['CONNECT', 200, LOGIN.user]);
    // REST and tunnel have one port: a REST connection is kept, and the tunnel has one of its own.
    const https = accesses.filter(({ target }) => target === places(agent, 'httpsUrl')[0]);
    assert.ok(https.length >= 2, `${https.length} connections to REST and tunnels`);
    const secrets = [
      LOGIN.password,
      encodeURIComponent(LOGIN.password),
      Buffer.from(`${LOGIN.user}:${LOGIN.password}`).toString('base64'),
    ];
    const tokens = agent.cloud.platform.users.tokens().map(({ value }) => value);
    assert.ok(tokens.length > 0);
    for (const secret of [...secrets, ...tokens])
      for (const output of outputs) assert.ok(!output.includes(secret), 'a secret is in the log');
  },
);

test(
  'NO_PROXY is judged for each host: tunnels go directly, the others through the proxy',
  NEEDS,
  async (t) => {
    const squid = await Squid.start(t, { names: [CLOUD] });
    const agent = await started(t, {
      proxy: squid.url(),
      env: { NO_PROXY: 'example.com, .localhost' },
      settings: (cloud) => ({ remoteAccessUrl: cloud.httpsUrl }),
    });
    await carriesBytes(t, agent);
    const accesses = await accessesAfter(agent, squid);
    assert.deepEqual(targets(accesses), places(agent, 'httpsUrl', 'mqttsUrl', 'certificateUrl'));
    assert.ok(
      !targets(accesses).some((target) => target.startsWith('localhost')),
      'a NO_PROXY host went through it',
    );
  },
);

test(
  'NO_PROXY with a port and a network: REST and MQTT go directly, tunnels and tokens do not',
  NEEDS,
  async (t) => {
    const squid = await Squid.start(t, { names: [CLOUD] });
    const noProxy: Record<string, string> = {};
    const agent = await started(t, {
      proxy: squid.url(),
      env: noProxy,
      settings: (cloud) => {
        noProxy.NO_PROXY = `localhost:${portOf(cloud.httpsUrl)},127.0.0.0/8`;
        return { url: cloud.httpsUrl, remoteAccessUrl: behind(cloud.httpsUrl) };
      },
      intake: (cloud) => ({ kind: 'mqtt', mqttUrl: cloud.mqttsUrl?.replace('localhost', '127.0.0.1') }),
    });
    await carriesBytes(t, agent);
    const accesses = await accessesAfter(agent, squid);
    assert.deepEqual(targets(accesses), places(agent, 'httpsUrl', 'certificateUrl'));
  },
);

test('a wrong password at the proxy is told with what to do, in the log and by check', NEEDS, async (t) => {
  const squid = await Squid.start(t, { login: LOGIN, names: [CLOUD] });
  const agent = await started(t, {
    proxy: squid.url({ user: LOGIN.user, password: 'not-the-password' }),
    waitForLink: false,
  });
  const line = await agent.logged('not connected to the cloud');
  assert.match(
    String(line.reason),
    /answered 407 to CONNECT: it asks for user and password; set them in cloud\.proxy/,
  );
  const { stdout, code } = await agent.ask('check');
  assert.match(stdout, /^failed +proxy: .*407.*\n(?: .*\n)+? +proxy: http:\/\/USER:PASSWORD@/m);
  assert.equal(code, 69);
});

test(
  'a proxy that denies the port of the tunnels fails the session, and says which permission is missing',
  NEEDS,
  async (t) => {
    const agentReady: { agent?: AgentProcess } = {};
    const denied = await serverPort();
    const squid = await Squid.start(t, { names: [CLOUD], deniedPorts: [denied] });
    agentReady.agent = await started(t, {
      proxy: squid.url(),
      settings: () => ({ remoteAccessUrl: `https://${CLOUD}:${denied}` }),
    });
    const { agent } = agentReady;
    const target = await startTarget(t);
    void agent.open({ port: target.port }).catch(() => undefined);
    const operation = await agent.finalOperation();
    assert.match(operation.failureReason ?? '', /^cloud-proxy: The HTTP proxy .* \(403\)/);
  },
);

test('a Squid that is spoken to by TLS works like one that is not', NEEDS, async (t) => {
  const { ca, server } = await serverIdentity();
  const tls = { key: String(server.key), cert: server.cert };
  const squid = await Squid.start(t, { login: LOGIN, names: [CLOUD], tls });
  const agent = await started(t, { proxy: squid.url(), authorities: [ca] });
  await carriesBytes(t, agent);
  const accesses = await accessesAfter(agent, squid);
  assert.deepEqual(targets(accesses), places(agent, 'httpsUrl', 'mqttsUrl', 'certificateUrl'));
});

test('behind a proxy that inspects TLS, its authority in cloud.caFile is what it takes', async (t) => {
  const proxy = await InspectingProxy.start(t, [CLOUD]);
  const sections: Record<string, unknown> = {};
  const agent = await startAgent(t, {
    sections,
    cloud: PORTS,
    before: (cloud, { tenant, user, password }, folder) => {
      const caFile = path.join(folder, 'company.pem');
      writeFileSync(caFile, proxy.ca);
      sections.cloud = { url: behind(cloud.httpsUrl), tenant, user, password, caFile, proxy: proxy.url };
      sections.intake = { kind: 'mqtt', mqttUrl: behind(cloud.mqttsUrl) };
    },
  });
  await carriesBytes(t, agent);
  assert.deepEqual([...new Set(proxy.targets)].sort(), places(agent, 'httpsUrl', 'mqttsUrl'));
  const kinds = proxy.seen.map((line) => (/^[A-Z]+ \//.test(line) ? line.split('/')[1] : 'mqtt'));
  for (const kind of ['identity', 'service', 'mqtt'])
    assert.ok(kinds.includes(kind), `no ${kind} in ${kinds.join(' ')}`);
});

test('behind a proxy that inspects TLS, without its authority nothing is sent, and check names the issuer', async (t) => {
  const proxy = await InspectingProxy.start(t, [CLOUD]);
  const agent = await started(t, { proxy: proxy.url, waitForLink: false, intake: () => ({ kind: 'rest' }) });
  const line = await agent.logged('not connected to the cloud');
  assert.match(String(line.reason), /not from a trusted authority; set cloud\.caFile to trust it/);
  const { stdout } = await agent.ask('check');
  assert.match(stdout, /^failed +TLS: .*issued by Test Authority.*\n(?: .*\n)+? +caFile: /m);
  assert.deepEqual(proxy.seen, []);
});

/** Any port at which nothing of ours listens: it is refused before that matters. */
function serverPort(): Promise<number> {
  return Promise.resolve(9);
}
