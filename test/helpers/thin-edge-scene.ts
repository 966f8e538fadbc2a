import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { stringify } from 'yaml';
import { startCloud, type Cloud, type CloudOptions, type RegisteredDevice } from '../../simulator/cloud.js';
import { OperatorClient } from '../../src/cli/connect/operator-client.js';
import { operatorSettings } from '../../src/cli/connect/operator-settings.js';
import type { Tunnel } from '../../src/cli/connect/tunnel.js';
import { startAgent, type Agent } from './agent.js';
import { eventually } from './eventually.js';
import { Ledger } from './ledger.js';
import { Mosquitto } from './mosquitto.js';
import type { Timing } from '../../src/cloud/timing.js';
import { FAST } from './timing.js';

type Files = Readonly<Record<string, string>>;

export interface ThinEdgeOptions {
  /** How thin-edge.io logs in to the cloud. Default `password`. */
  readonly login?: 'password' | 'certificate';
  /** External ids of children that exist in the cloud; those in `served` stand in our configuration too. */
  readonly children?: readonly string[];
  readonly served?: readonly object[];
  readonly conduits?: readonly object[];
  readonly cloud?: CloudOptions;
  /** Lines of mosquitto's configuration beside its listener; files may be put into the folder. */
  readonly broker?: (folder: string) => readonly string[];
  /** Files in thin-edge.io's directory, mode 0600. */
  readonly files?: (cloud: Cloud) => Files | Promise<Files>;
  /** More of `[mqtt.client]` of tedge.toml, and behind it. */
  readonly toml?: string;
  /** More of our own configuration. */
  readonly config?: object;
  /** `c8y.auth_method`, where it is another than the login. */
  readonly authMethod?: 'basic' | 'certificate';
  /** The bridge has topics for tokens though it logs in with a password. */
  readonly bridgeTokens?: boolean;
  /** Waits of the agent. */
  readonly timing?: Partial<Timing>;
  /** Default true: the agent is started and connected. */
  readonly withAgent?: boolean;
}

/** Longest wait for mosquitto to make its bridge anew, in ms; it takes about five seconds for each try. */
const BRIDGE_MS = 60_000;

/**
 * A gateway as thin-edge.io leaves it: tedge.toml, a mosquitto with a bridge to the cloud, and our agent beside it, which
 * has everything from there. The mapper is missing; tests publish what it would.
 */
export class ThinEdgeScene {
  agent: Agent | undefined;

  private constructor(
    readonly cloud: Cloud,
    readonly ledger: Ledger,
    readonly device: RegisteredDevice,
    /** Managed-object ids of the children by their external ids. */
    readonly children: ReadonlyMap<string, string>,
    readonly broker: Mosquitto,
    readonly operator: OperatorClient,
    /** Also thin-edge.io's configuration directory. */
    readonly folder: string,
    readonly configFile: string,
    private readonly timing: Partial<Timing>,
  ) {}

  static async start(t: TestContext, options: ThinEdgeOptions = {}): Promise<ThinEdgeScene> {
    const { login = 'password' } = options;
    const cloud = await startCloud({ httpsPort: 0, mqttPort: 0, mqttsPort: 0, ...options.cloud });
    const device = cloud.registerDevice('gw-7');
    const children = new Map(
      (options.children ?? []).map((child) => [child, cloud.addChild(device.id, child).id] as const),
    );
    const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-tedge-'));
    const configFile = path.join(folder, 'gatehouse.yaml');
    await writeThinEdge(folder, cloud, device, login);
    for (const [name, text] of Object.entries((await options.files?.(cloud)) ?? {}))
      writeFileSync(path.join(folder, name), text, { mode: 0o600 });
    const broker = await Mosquitto.start(
      { ...bridge(folder, cloud, device, login), hasTokens: options.bridgeTokens ?? login === 'certificate' },
      options.broker?.(folder),
    );
    const method = options.authMethod ?? (login === 'password' ? 'basic' : 'certificate');
    writeTedgeToml(folder, cloud, method, broker.port, options.toml);
    writeFileSync(configFile, stringify(configuration(folder, options)), { mode: 0o600 });
    const { tenant, user, password } = cloud.operator;
    const environment = { C8Y_TENANT: tenant, C8Y_USER: user, C8Y_PASSWORD: password };
    const settings = operatorSettings(
      { url: cloud.httpsUrl, caFile: path.join(folder, 'ca.pem') },
      environment,
    );
    const ledger = new Ledger(cloud.platform);
    const client = new OperatorClient(settings);
    const scene = new ThinEdgeScene(
      cloud,
      ledger,
      device,
      children,
      broker,
      client,
      folder,
      configFile,
      options.timing ?? {},
    );
    t.after(() => scene.#stop());
    if (options.withAgent !== false) await scene.run();
    return scene;
  }

  /** Starts the agent (again); resolves when it is connected, unless told otherwise. */
  async run({ waitForLink = true } = {}): Promise<Agent> {
    this.agent = await startAgent(this.configFile, { timing: { ...FAST, ...this.timing } });
    if (waitForLink) await this.agent.gateway.connected();
    return this.agent;
  }

  /** Stops the agent. */
  async stopAgent(): Promise<void> {
    await this.agent?.stop();
    this.agent = undefined;
  }

  /** Creates an operation whose key the cloud takes with `status`; nobody waits behind it. */
  create(
    port: number,
    { deviceId = this.device.id, status = 101, hostname = '127.0.0.1', answerMs = 0 } = {},
  ): string {
    const connectionKey = randomUUID();
    this.cloud.remoteAccess.answers.set(connectionKey, { status, delayMs: answerMs });
    return this.cloud.createOperation(deviceId, {
      c8y_RemoteAccessConnect: { hostname, port, connectionKey },
    }).id;
  }

  /** Opens a tunnel as the operator does, to a port of this machine. */
  open(port: number, deviceId = this.device.id): Promise<Tunnel> {
    const target = { name: `to ${port}`, hostname: '127.0.0.1', port };
    return this.operator.openTunnel(deviceId, this.cloud.addConfiguration(deviceId, target).id);
  }

  child(externalId: string): string {
    return this.children.get(externalId) ?? assert.fail(`no child ${externalId}`);
  }

  /** Waits until the operation's story is this one. */
  async story(id: string, expected: string): Promise<void> {
    await eventually(
      () => {
        const story = this.ledger.story(id);
        assert.ok(expected.startsWith(story), `operation ${id}: ${story}, not ${expected}`);
        return story === expected ? true : undefined;
      },
      `${expected} of operation ${id}, which is ${this.ledger.story(id)}`,
    );
  }

  /** Waits until the agent has logged this. */
  logged(text: string): Promise<string> {
    return eventually(() => this.agent?.log.find((line) => line.includes(text)), `"${text}" in the log`);
  }

  /** Waits until the bridge is logged in to the cloud and has its subscriptions. */
  async bridged(): Promise<void> {
    const isThere = () =>
      this.cloud.mqtt
        ?.clients()
        .some(
          ({ identifier, topics }) => identifier === 'gw-7' && topics.includes('devicecontrol/notifications'),
        );
    await eventually(() => isThere() === true || undefined, 'the bridge', BRIDGE_MS);
  }

  /** Requests to the cloud's REST and tunnels by the agent. */
  requests(method: string, pathPrefix: string): number {
    return this.cloud.requests.list(method, pathPrefix).length;
  }

  async #stop(): Promise<void> {
    await this.stopAgent();
    await this.operator.close();
    await this.broker.stop();
    await this.cloud.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function writeThinEdge(
  folder: string,
  cloud: Cloud,
  device: RegisteredDevice,
  login: 'password' | 'certificate',
): Promise<void> {
  writeFileSync(path.join(folder, 'ca.pem'), cloud.ca ?? '');
  mkdirSync(path.join(folder, 'operations', 'c8y'), { recursive: true });
  mkdirSync(path.join(folder, 'device-certs'));
  if (login === 'certificate') {
    const { key, cert } = await cloud.issueDeviceCertificate(device.externalId);
    writeFileSync(path.join(folder, 'device-certs', 'tedge-certificate.pem'), cert);
    writeFileSync(path.join(folder, 'device-certs', 'tedge-private-key.pem'), key, { mode: 0o600 });
    return;
  }
  const [user, password] = [`${device.tenant}/${device.user}`, device.password].map((text) =>
    JSON.stringify(text),
  );
  writeFileSync(
    path.join(folder, 'credentials.toml'),
    `[c8y]\nusername = ${user}\npassword = ${password}\n`,
    {
      mode: 0o600,
    },
  );
}

function bridge(folder: string, cloud: Cloud, device: RegisteredDevice, login: 'password' | 'certificate') {
  const certs = path.join(folder, 'device-certs');
  const clientId = device.externalId;
  if (login === 'password') {
    const address = (cloud.mqttUrl ?? '').replace('mqtt://', '');
    return {
      address,
      clientId,
      login: { user: `${device.tenant}/${device.user}`, password: device.password },
    };
  }
  const address = (cloud.mqttsUrl ?? '').replace('mqtts://localhost', '127.0.0.1');
  const certificate = {
    ca: path.join(folder, 'ca.pem'),
    certificate: path.join(certs, 'tedge-certificate.pem'),
    key: path.join(certs, 'tedge-private-key.pem'),
  };
  return { address, clientId, certificate };
}

function writeTedgeToml(
  folder: string,
  cloud: Cloud,
  authMethod: 'basic' | 'certificate',
  mqttPort: number,
  more = '',
): void {
  const text = `
[device]
id = "gw-7"

[c8y]
url = "${(cloud.httpsUrl ?? '').replace('https://', '')}"
root_cert_path = "${path.join(folder, 'ca.pem')}"
auth_method = "${authMethod}"
credentials_path = "${path.join(folder, 'credentials.toml')}"

[mqtt.client]
host = "127.0.0.1"
port = ${mqttPort}
${more}`;
  writeFileSync(path.join(folder, 'tedge.toml'), text);
}

function configuration(folder: string, options: ThinEdgeOptions): object {
  return {
    intake: { kind: 'thin-edge' },
    thinEdge: { configDirectory: folder },
    device: { children: options.served ?? (options.children ?? []).map((externalId) => ({ externalId })) },
    conduits: options.conduits ?? [{ name: 'loopback', host: '127.0.0.1', ports: ['*'] }],
    workers: { count: 1 },
    admin: { listen: '127.0.0.1:0' },
    ...options.config,
  };
}
