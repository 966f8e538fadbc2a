import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stringify } from 'yaml';
import { startCloud, type Cloud, type CloudOptions, type RegisteredDevice } from '../../simulator/cloud.js';
import type { Operation } from '../../simulator/store/operations.js';
import type { CloudOptions as AgentTiming } from '../../src/cloud/cloud.js';
import { OperatorClient } from '../../src/cli/connect/operator-client.js';
import { operatorSettings } from '../../src/cli/connect/operator-settings.js';
import type { Tunnel } from '../../src/cli/connect/tunnel.js';
import { loadConfig } from '../../src/config/load.js';
import { registerSecrets } from '../../src/log/secrets.js';
import type { AdminAddress } from '../../src/admin/admin-server.js';
import type { StatusView } from '../../src/admin/backend.js';
import { Gateway } from '../../src/gateway.js';
import { createLog } from '../../src/log/log.js';
import type { LogOutput } from '../../src/log/log-sink.js';
import { Redactor } from '../../src/log/redaction.js';
import type { SessionRecord } from '../../src/supervisor/session-registry.js';
import { eventually } from './eventually.js';
import { testIsolation } from './test-isolation.js';
import { assertNoLeak } from './leak-check.js';
import { adminAnswers, fileTraces, processTraces, type Traces } from './traces.js';

/** What a test may set; the configuration is merged over one that works. */
export interface WorldOptions {
  readonly intake?: 'rest' | 'mqtt';
  /** Everything over TLS, with the cloud's own authority. */
  readonly tls?: boolean;
  readonly conduits?: readonly object[];
  readonly children?: readonly object[];
  readonly limits?: object;
  readonly keepAlive?: object;
  readonly intakeSettings?: object;
  readonly cloud?: CloudOptions;
  readonly workers?: number;
  readonly isolation?: 'thread' | 'process';
  readonly timing?: AgentTiming['timing'];
  /** Runs between the start of the cloud and that of the agent. */
  readonly before?: (cloud: Cloud, device: RegisteredDevice) => void | Promise<void>;
  /** Default true: wait until the agent is connected. */
  readonly waitForLink?: boolean;
}

const EXTERNAL_ID = 'gw-7';

/**
 * A cloud, an agent in front of it and an operator, all in this process with real sockets between them. Everything
 * that the agent logs is kept, and stop() fails the test when a secret is in it or anywhere else (leak-check.ts).
 */
export class World {
  private constructor(
    readonly cloud: Cloud,
    readonly device: RegisteredDevice,
    readonly gateway: Gateway,
    readonly operator: OperatorClient,
    readonly configFile: string,
    readonly log: readonly string[],
    readonly admin: AdminAddress | undefined,
    private readonly folder: string,
  ) {}

  static async start(options: WorldOptions = {}): Promise<World> {
    const { tls = false, intake = 'rest' } = options;
    const cloud = await startCloud({
      ...(tls ? { httpsPort: 0, mqttsPort: 0 } : { mqttPort: 0 }),
      ...options.cloud,
    });
    const device = cloud.registerDevice(EXTERNAL_ID);
    await options.before?.(cloud, device);
    const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-test-'));
    const configFile = path.join(folder, 'gatehouse.yaml');
    const caFile = path.join(folder, 'ca.pem');
    if (tls) writeFileSync(caFile, cloud.ca ?? '');
    writeFileSync(configFile, stringify(configuration(cloud, device, caFile, { ...options, tls, intake })), {
      mode: 0o600,
    });

    const { config } = loadConfig({ file: configFile, env: {}, cwd: folder });
    const redactor = new Redactor();
    registerSecrets(redactor, config);
    const lines: string[] = [];
    const { log } = createLog({ ...config.log, level: 'debug', redactor, destination: lineCollector(lines) });
    const onFatal = (error: Error): void => assert.fail(error);
    const gateway = new Gateway({
      config,
      version: '0.0.0-test',
      log,
      redactor,
      onFatal,
      timing: options.timing,
    });
    const admin = await gateway.start();
    if (options.waitForLink !== false) await gateway.connected();
    const url = tls ? cloud.httpsUrl : cloud.url;
    const settings = operatorSettings({ url, ...(tls ? { caFile } : {}) }, operatorEnvironment(cloud));
    return new World(cloud, device, gateway, new OperatorClient(settings), configFile, lines, admin, folder);
  }

  /** Adds an endpoint to a device (default: the gateway) and opens a tunnel to it as the operator. */
  async open(target: { hostname?: string; port: number }, deviceId = this.device.id): Promise<Tunnel> {
    return this.operator.openTunnel(deviceId, this.endpoint(target, deviceId));
  }

  /** Adds an endpoint and gives its id. */
  endpoint(
    { hostname = '127.0.0.1', port }: { hostname?: string; port: number },
    deviceId = this.device.id,
  ): string {
    return this.cloud.addConfiguration(deviceId, { name: `to ${hostname}:${port}`, hostname, port }).id;
  }

  /** All operations, oldest first. */
  operations(): readonly Operation[] {
    return this.cloud.platform.operations.list({});
  }

  /** The one operation there is, once it has a final status. */
  finalOperation(id?: string): Promise<Operation> {
    return eventually(() => {
      const operation = id === undefined ? this.operations().at(-1) : this.cloud.platform.operations.get(id);
      return operation?.status === 'SUCCESSFUL' || operation?.status === 'FAILED' ? operation : undefined;
    }, 'an operation with a final status');
  }

  /** The session to a target, once it is open. */
  sessionOpen(port: number): Promise<SessionRecord> {
    const find = (): SessionRecord | undefined => {
      const sessions = [...this.gateway.supervisor.registry.all()];
      return sessions.find((session) => session.port === port && session.state === 'open');
    };
    return eventually(find, `an open session to port ${port}`);
  }

  /** What the admin listener says of the agent. */
  async status(): Promise<StatusView> {
    assert.ok(this.admin?.kind === 'tcp');
    const reply = await fetch(`http://127.0.0.1:${this.admin.port}/api/status`);
    return (await reply.json()) as StatusView;
  }

  /** A log line with all of these parts, once it is there. */
  logged(...parts: readonly string[]): Promise<string> {
    return eventually(
      () => this.log.find((line) => parts.every((part) => line.includes(part))),
      `the log line ${parts.join(' + ')}`,
    );
  }

  /** Waits until the agent has no session any more. */
  idle(): Promise<true> {
    const { registry } = this.gateway.supervisor;
    return eventually(() => registry.sessions === 0 || undefined, 'no session');
  }

  async stop(): Promise<void> {
    const live = await this.#liveTraces();
    await this.operator.close();
    await this.gateway.stop();
    await this.cloud.stop();
    const written = new Set(['gatehouse.yaml', 'ca.pem'].map((name) => path.join(this.folder, name)));
    const files = fileTraces(this.folder, written);
    rmSync(this.folder, { recursive: true, force: true });
    const log = new Map(this.log.map((line, index) => [`chunk ${index} of the log`, line]));
    const secrets = { "the device's password": this.device.password };
    assertNoLeak({ secrets, operations: this.operations(), env: process.env }, log, files, ...live);
  }

  /** What can be seen only while the agent runs. */
  async #liveTraces(): Promise<readonly Traces[]> {
    const { admin } = this;
    const answers =
      admin?.kind === 'tcp'
        ? await adminAnswers(`http://127.0.0.1:${admin.port}`)
        : new Map<string, string>();
    return [answers, processTraces(process.pid)];
  }
}

function operatorEnvironment({ operator }: Cloud): Record<string, string> {
  return { C8Y_TENANT: operator.tenant, C8Y_USER: operator.user, C8Y_PASSWORD: operator.password };
}

function configuration(
  cloud: Cloud,
  device: RegisteredDevice,
  caFile: string,
  options: WorldOptions,
): object {
  const { tls, intake } = options;
  return {
    cloud: {
      url: tls === true ? cloud.httpsUrl : cloud.url,
      tenant: device.tenant,
      user: device.user,
      password: device.password,
      ...(tls === true ? { caFile } : {}),
    },
    device: { externalId: EXTERNAL_ID, children: options.children ?? [] },
    intake: {
      kind: intake,
      ...(intake === 'mqtt' ? { mqttUrl: mqttUrl(cloud, tls) } : {}),
      ...options.intakeSettings,
    },
    conduits: options.conduits ?? [{ name: 'loopback', host: '127.0.0.1', ports: ['*'] }],
    limits: options.limits ?? {},
    keepAlive: options.keepAlive ?? {},
    workers: { count: options.workers ?? 1, isolation: options.isolation ?? testIsolation() },
    admin: { listen: '127.0.0.1:0' },
  };
}

function mqttUrl(cloud: Cloud, tls: boolean | undefined): string | undefined {
  return tls === true ? cloud.mqttsUrl : cloud.mqttUrl;
}

function lineCollector(lines: string[]): LogOutput {
  const take = (bytes: Buffer): number => {
    lines.push(bytes.toString('utf8'));
    return bytes.length;
  };
  return { write: (bytes, done) => setImmediate(() => done(null, take(bytes))), writeSync: take };
}
