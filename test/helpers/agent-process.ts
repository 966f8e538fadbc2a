import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stringify } from 'yaml';
import { startCloud, type Cloud, type CloudOptions, type RegisteredDevice } from '../../simulator/cloud.js';
import type { Operation } from '../../simulator/store/operations.js';
import type { StatusView } from '../../src/admin/backend.js';
import { OperatorClient } from '../../src/cli/connect/operator-client.js';
import { operatorSettings } from '../../src/cli/connect/operator-settings.js';
import type { Tunnel } from '../../src/cli/connect/tunnel.js';
import { Command, gatehouse, type CommandEnd } from './command.js';
import { eventually } from './eventually.js';
import { testIsolation } from './test-isolation.js';
import { assertNoLeak, secretsIn } from './leak-check.js';
import { adminAnswers, fileTraces, processTraces, type Traces } from './traces.js';

/** Sections of the configuration file; each replaces that of the one that works. */
export type Sections = Readonly<Record<string, unknown>>;

export interface AgentProcessOptions {
  readonly sections?: Sections;
  readonly cloud?: CloudOptions;
  /** Environment of the agent beside PATH. */
  readonly env?: Readonly<Record<string, string>>;
  /** Flags for Node itself, given the agent's folder. */
  readonly nodeFlags?: (folder: string) => readonly string[];
  /** The command in another installation. */
  readonly main?: string;
  /** Default true: wait until the agent can receive operations. */
  readonly waitForLink?: boolean;
  /** Runs between the start of the cloud and that of the agent. */
  readonly before?: (cloud: Cloud, device: RegisteredDevice, folder: string) => void | Promise<void>;
}

/** One line of the agent's log. */
export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

const EXTERNAL_ID = 'gw-7';

/** `gatehouse run` as a process of its own, against a cloud in this one, and an operator. */
export class AgentProcess {
  private constructor(
    readonly cloud: Cloud,
    readonly device: RegisteredDevice,
    readonly operator: OperatorClient,
    readonly folder: string,
    readonly command: Command,
    /** `http://127.0.0.1:port` of the admin listener. */
    readonly adminUrl: string,
    private readonly options: AgentProcessOptions,
  ) {}

  static async start(options: AgentProcessOptions = {}): Promise<AgentProcess> {
    const cloud = await startCloud(options.cloud);
    const device = cloud.registerDevice(EXTERNAL_ID);
    const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-test-'));
    await options.before?.(cloud, device, folder);
    writeConfiguration(folder, cloud, device, options.sections);
    const { env: more = {}, main } = options;
    const command = new Command(['run'], {
      cwd: folder,
      env: more,
      nodeFlags: options.nodeFlags?.(folder) ?? [],
      ...(main === undefined ? {} : { main }),
    });
    try {
      const [, port = ''] = await command.printed(/"admin":\{[^}]*"port":(\d+)\}.*gatehouse started/);
      const { tenant, user, password } = cloud.operator;
      const env = { C8Y_TENANT: tenant, C8Y_USER: user, C8Y_PASSWORD: password };
      const operator = new OperatorClient(operatorSettings({ url: cloud.url }, env));
      const agent = new AgentProcess(
        cloud,
        device,
        operator,
        folder,
        command,
        `http://127.0.0.1:${port}`,
        options,
      );
      if (options.waitForLink !== false) await agent.ready();
      return agent;
    } catch (error) {
      await command.discard();
      await cloud.stop();
      throw error;
    }
  }

  get configFile(): string {
    return path.join(this.folder, 'gatehouse.yaml');
  }

  /** Writes another configuration beside the running agent; SIGHUP makes it read that. */
  configure(sections: Sections): void {
    writeConfiguration(this.folder, this.cloud, this.device, sections);
  }

  /** Waits until the agent can receive operations. */
  async ready(): Promise<void> {
    let isReady = false;
    const poll = setInterval(() => {
      fetch(`${this.adminUrl}/readyz`).then(
        ({ ok }) => (isReady ||= ok),
        () => undefined,
      );
    }, 50);
    await eventually(() => isReady || undefined, 'an agent that is ready').finally(() => clearInterval(poll));
  }

  /** Adds an endpoint to a device (default: the gateway) and gives its id. */
  endpoint(
    { hostname = '127.0.0.1', port }: { hostname?: string; port: number },
    deviceId = this.device.id,
  ): string {
    return this.cloud.addConfiguration(deviceId, { name: `to ${hostname}:${port}`, hostname, port }).id;
  }

  /** Opens a tunnel as the operator. */
  async open(target: { hostname?: string; port: number }, deviceId = this.device.id): Promise<Tunnel> {
    return this.operator.openTunnel(deviceId, this.endpoint(target, deviceId));
  }

  /** All operations, oldest first. */
  operations(): readonly Operation[] {
    return this.cloud.platform.operations.list({});
  }

  /** The operation at `index` once it has a final status; default: the last one. */
  finalOperation(index = -1): Promise<Operation> {
    return eventually(() => {
      const operation = this.operations().at(index);
      return operation?.status === 'SUCCESSFUL' || operation?.status === 'FAILED' ? operation : undefined;
    }, 'an operation with a final status');
  }

  /** A log line with this message, once it is there. */
  logged(msg: string, more: Readonly<Record<string, unknown>> = {}): Promise<LogLine> {
    return eventually(
      () =>
        this.log().find(
          (line) => line.msg === msg && Object.entries(more).every(([key, value]) => line[key] === value),
        ),
      `the log line "${msg}" ${JSON.stringify(more)}`,
    );
  }

  /** All whole lines of the log so far. */
  log(): LogLine[] {
    const lines = this.command.stdout.split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as LogLine);
  }

  /** Runs another command against this agent, as somebody at the gateway would. */
  ask(...args: string[]): Promise<CommandEnd> {
    const { host } = new URL(this.adminUrl);
    return gatehouse(args, { cwd: this.folder, env: { GATEHOUSE_ADMIN_LISTEN: host } });
  }

  /** What the admin listener says of the agent. */
  async status(): Promise<StatusView> {
    return (await (await fetch(`${this.adminUrl}/api/status`)).json()) as StatusView;
  }

  /** Ends whatever still runs. Fails when a secret came out anywhere (leak-check.ts). */
  async stop(): Promise<void> {
    const { sections, env } = this.options;
    const secrets: Record<string, string> = {
      "the device's password": this.device.password,
      ...secretsIn(sections),
      ...tokensOf(this.cloud),
    };
    const live = this.command.hasEnded ? [] : await this.#liveTraces(secrets['admin.token']);
    await this.operator.close();
    await this.command.discard();
    await this.cloud.stop();
    const { stdout, stderr } = this.command;
    const output = new Map(Object.entries({ 'standard output': stdout, 'standard error': stderr }));
    const files = fileTraces(this.folder, new Set([this.configFile]));
    rmSync(this.folder, { recursive: true, force: true });
    assertNoLeak({ secrets, operations: this.operations(), env }, output, files, ...live);
  }

  /** What can be seen only while the agent runs. */
  async #liveTraces(token: string | undefined): Promise<readonly Traces[]> {
    return [await adminAnswers(this.adminUrl, token), processTraces(this.command.pid)];
  }
}

/** Every token that the cloud has handed out to devices and still knows. */
function tokensOf({ platform: { users } }: Cloud): Record<string, string> {
  const tokens = users.tokens().filter(({ user }) => user.deviceExternalId !== undefined);
  return Object.fromEntries(tokens.map(({ value }, index) => [`token ${index}`, value]));
}

/** Writes gatehouse.yaml into `folder`: one that works, with some sections replaced. */
export function writeConfiguration(
  folder: string,
  cloud: Cloud,
  device: RegisteredDevice,
  sections: Sections = {},
): string {
  const { tenant, user, password } = device;
  const configuration = {
    cloud: { url: cloud.url, tenant, user, password },
    device: { externalId: device.externalId },
    conduits: [{ name: 'loopback', host: '127.0.0.1', ports: ['*'] }],
    workers: { count: 1, isolation: testIsolation() },
    admin: { listen: '127.0.0.1:0' },
    ...sections,
  };
  const file = path.join(folder, 'gatehouse.yaml');
  writeFileSync(file, stringify(configuration), { mode: 0o600 });
  return file;
}
