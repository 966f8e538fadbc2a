import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startCloud, type Cloud } from '../../../simulator/cloud.js';
import { loadConfig } from '../../config/load.js';
import { registerSecrets } from '../../log/secrets.js';
import { Gateway } from '../../gateway.js';
import { createLog } from '../../log/log.js';
import { Redactor } from '../../log/redaction.js';
import { OperatorClient } from '../connect/operator-client.js';
import { operatorSettings } from '../connect/operator-settings.js';
import type { ProcessIo } from '../process-io.js';
import { bannerTarget, echoTarget, listen, webTarget, type DemoTarget, type OnEchoed } from './targets.js';

/** Endpoint that no conduit names. */
export const DENIED = 'denied';

const DEVICE = 'demo-gateway';

/** Everything the demo needs, running: a cloud, an agent in front of three targets, and an operator. */
export interface Plant {
  readonly device: string;
  readonly cloud: Cloud;
  readonly operator: OperatorClient;
  readonly deviceId: string;
  readonly targets: readonly DemoTarget[];
  readonly configFile: string;
  readonly dashboardUrl: string;
  /** Port of the target that no conduit names; nobody listens there either. */
  readonly deniedPort: number;
  /** Endpoint ids by name. */
  readonly endpoints: ReadonlyMap<string, string>;
  stop(): Promise<void>;
}

export interface PlantOptions {
  readonly version: string;
  readonly io: ProcessIo;
  readonly logLevel: 'info' | 'error';
  readonly onEchoed: OnEchoed;
}

/** Starts the whole demo; resolves when the agent is connected to the cloud. */
export async function startPlant(options: PlantOptions): Promise<Plant> {
  const cloud = await startCloud({});
  const targets = await Promise.all([echoTarget(options.onEchoed), webTarget(), bannerTarget()]);
  const { id: deviceId, user, password, tenant } = cloud.registerDevice(DEVICE);
  const endpoints = new Map<string, string>();
  const deniedPort = await freePort();
  for (const { name, port } of [...targets, { name: DENIED, port: deniedPort }]) {
    endpoints.set(name, cloud.addConfiguration(deviceId, { name, hostname: '127.0.0.1', port }).id);
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-demo-'));
  const configFile = path.join(folder, 'gatehouse.yaml');
  const adminPort = await freePort();
  const yaml = configuration({ url: cloud.url, tenant, user, password, adminPort, targets });
  writeFileSync(configFile, yaml, { mode: 0o600 });
  const gateway = await startGateway(configFile, options);
  const operator = new OperatorClient(operatorSettings({ url: cloud.url }, operatorEnvironment(cloud)));
  const stop = async (): Promise<void> => {
    await operator.close();
    await gateway.stop();
    await cloud.stop();
    for (const target of targets) target.stop();
    rmSync(folder, { recursive: true });
  };
  const dashboardUrl = `http://127.0.0.1:${adminPort}/`;
  const files = { configFile, dashboardUrl };
  return { device: DEVICE, cloud, operator, deviceId, targets, ...files, deniedPort, endpoints, stop };
}

/** Environment for `gatehouse connect` against this cloud. */
export function operatorEnvironment({ url, operator }: Cloud): Record<string, string> {
  const { tenant, user, password } = operator;
  return { C8Y_BASEURL: url, C8Y_TENANT: tenant, C8Y_USER: user, C8Y_PASSWORD: password };
}

async function startGateway(file: string, { version, io, logLevel }: PlantOptions): Promise<Gateway> {
  const { config } = loadConfig({
    file,
    env: {},
    cwd: io.cwd,
    isTerminal: true,
    overrides: { 'log.level': logLevel },
  });
  const redactor = new Redactor();
  registerSecrets(redactor, config);
  const { log } = createLog({ ...config.log, redactor });
  const gateway = new Gateway({
    config,
    version,
    log,
    redactor,
    onFatal: (error) => log.fatal({ err: error }, 'demo ended'),
  });
  await gateway.start();
  await gateway.connected();
  return gateway;
}

function configuration(facts: {
  readonly url: string;
  readonly tenant: string;
  readonly user: string;
  readonly password: string;
  readonly adminPort: number;
  readonly targets: readonly DemoTarget[];
}): string {
  const conduits = facts.targets.map(
    ({ name, port }) => `  - { name: ${name}, host: 127.0.0.1, ports: [${port}] }`,
  );
  return `# The configuration of this demo's agent. It goes when the demo ends.
cloud:
  url: ${facts.url}
  tenant: ${facts.tenant}
  user: ${facts.user}
  password: ${JSON.stringify(facts.password)}
device:
  externalId: ${DEVICE}
admin:
  listen: 127.0.0.1:${facts.adminPort}
# What the cloud may reach through this gateway; anything else is refused.
conduits:
${conduits.join('\n')}
`;
}

/** A port that is free now. */
async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
