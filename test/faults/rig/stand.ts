import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import type { FailureCode } from '../../../contract/failure.js';
import type { EndReason } from '../../../contract/session-state.js';
import type { Cloud, RegisteredDevice } from '../../../simulator/cloud.js';
import type { Operation } from '../../../simulator/store/operations.js';
import { OperatorClient } from '../../../src/cli/connect/operator-client.js';
import { operatorSettings } from '../../../src/cli/connect/operator-settings.js';
import type { Tunnel } from '../../../src/cli/connect/tunnel.js';
import type { LogLine } from '../../helpers/agent-process.js';
import { eventually } from '../../helpers/eventually.js';
import { Ledger } from '../../helpers/ledger.js';
import { Agent, type LaunchOptions } from './agent.js';
import { configurationOf, type Sections } from './configuration.js';
import { LeakCheck } from './leaks.js';

export interface StandOptions extends LaunchOptions {
  /** Default `rest`. */
  readonly intake?: 'rest' | 'mqtt';
  /** Sections of the configuration file; their keys replace those of one that works. */
  readonly sections?: Sections;
  /** Default true: wait until the agent can receive operations. */
  readonly waitForLink?: boolean;
  /** Texts that must turn up neither in the log nor at the admin listener; the device's password always is one. */
  readonly secrets?: readonly string[];
}

/** Where a session is to go. */
export interface Place {
  /** Default 127.0.0.1. */
  readonly hostname?: string;
  readonly port: number;
}

/** How an operation without a client behind it ended. */
export interface Outcome {
  readonly operation: Operation;
  /** From its creation to its final status at the cloud, in ms. */
  readonly ms: number;
}

const EXTERNAL_ID = 'gw-7';

/** A cloud in this process, an agent in another one, and an operator. */
export class Stand {
  readonly device: RegisteredDevice;
  readonly ledger: Ledger;
  readonly operator: OperatorClient;
  /** Ends what else holds sessions of the agent open, before it is checked for leaks. */
  onCheck: () => void = () => undefined;
  readonly #tunnels = new Set<Tunnel>();
  readonly #keys: string[] = [];
  #agent: Agent | undefined;
  #leaks: LeakCheck | undefined;

  constructor(
    readonly cloud: Cloud,
    /** The agent's, with its gatehouse.yaml. */
    readonly folder: string,
    readonly options: StandOptions = {},
  ) {
    this.device = cloud.registerDevice(EXTERNAL_ID);
    this.ledger = new Ledger(cloud.platform);
    const { tenant, user, password } = cloud.operator;
    const env = { C8Y_TENANT: tenant, C8Y_USER: user, C8Y_PASSWORD: password };
    this.operator = new OperatorClient(operatorSettings({ url: cloud.url }, env));
    cloud.platform.on('operationCreated', ({ c8y_RemoteAccessConnect: fragment }) => {
      const key = (fragment as { connectionKey?: unknown } | undefined)?.connectionKey;
      if (typeof key === 'string' && key.length >= 8) this.#keys.push(key);
    });
    this.configure(options.sections);
  }

  static folderIn(parent: string): string {
    return mkdtempSync(path.join(parent, 'agent-'));
  }

  /** The agent. Throws before launch(). */
  get agent(): Agent {
    return this.#agent ?? assert.fail('no agent was started');
  }

  /** Writes gatehouse.yaml; a running agent reads it at SIGHUP. */
  configure(sections: Sections = {}): void {
    const { cloud, device, folder, options } = this;
    const document = configurationOf({ cloud, device, folder, intake: options.intake ?? 'rest' }, sections);
    writeFileSync(path.join(folder, 'gatehouse.yaml'), stringify(document), { mode: 0o600 });
  }

  /** Starts the agent, also again after its end, in the same folder with the same configuration. */
  async launch(options: LaunchOptions & { readonly waitForLink?: boolean } = this.options): Promise<Agent> {
    this.#agent = await Agent.launch(this.folder, options);
    if (options.waitForLink !== false) await this.#agent.ready();
    this.#leaks = LeakCheck.from(this.#agent);
    return this.#agent;
  }

  /** Opens a tunnel as an operator does. It is closed at the end of the row. */
  async open({ hostname = '127.0.0.1', port }: Place, deviceId = this.device.id): Promise<Tunnel> {
    const endpoint = this.cloud.addConfiguration(deviceId, {
      name: `to ${hostname}:${port}`,
      hostname,
      port,
    });
    const tunnel = await this.operator.openTunnel(deviceId, endpoint.id);
    tunnel.on('error', () => undefined);
    this.#tunnels.add(tunnel);
    return tunnel;
  }

  /** Creates an operation with no client behind it; the cloud takes its key. Gives the operation's id. */
  operate(
    { hostname = '127.0.0.1', port }: Place,
    { deviceId = this.device.id, status = 101, delayMs = 0 } = {},
  ): string {
    const key = randomUUID();
    this.cloud.remoteAccess.answers.set(key, { status, delayMs });
    const fragment = { hostname, port, connectionKey: key };
    return this.cloud.createOperation(deviceId, { c8y_RemoteAccessConnect: fragment }).id;
  }

  /** All operations, oldest first. */
  operations(): readonly Operation[] {
    return this.cloud.platform.operations.list({});
  }

  /** The operation once it has a final status; default: the newest one. */
  final(id?: string, limitMs?: number): Promise<Operation> {
    return eventually(
      () => {
        const all = this.operations();
        const operation = id === undefined ? all.at(-1) : all.find((each) => each.id === id);
        return operation?.status === 'SUCCESSFUL' || operation?.status === 'FAILED' ? operation : undefined;
      },
      `the final status of ${id === undefined ? 'an operation' : `operation ${id}`}`,
      limitMs,
    );
  }

  /** Creates an operation, and gives what became of it and how long that took. */
  async outcome(place: Place, limitMs?: number): Promise<Outcome> {
    const startedAt = performance.now();
    const operation = await this.final(this.operate(place), limitMs);
    return { operation, ms: performance.now() - startedAt };
  }

  /** Creates an operation that has to fail with `code`, after exactly one EXECUTING at most. */
  async expectFailed(code: FailureCode, place: Place, limitMs?: number): Promise<Outcome> {
    const outcome = await this.outcome(place, limitMs);
    assert.equal(outcome.operation.status, 'FAILED');
    const { failureReason = '' } = outcome.operation;
    assert.ok(failureReason.startsWith(`${code}: `), `"${failureReason}" is not ${code}`);
    return outcome;
  }

  /** Waits for the end of a session (the only one, or that of `operationId`), which has to have this reason. */
  async expectSessionEnd(reason: EndReason, operationId?: string, limitMs?: number): Promise<LogLine> {
    const fields = operationId === undefined ? {} : { operationId };
    const line = await this.agent.logged('session ended', fields, limitMs);
    assert.equal(line.reason, reason, JSON.stringify(line));
    return line;
  }

  /** Asserts that sessions work: opens one to an echo, sends, and sees the bytes again. */
  async expectEcho(place: Place, text = 'does it still work?'): Promise<void> {
    const tunnel = await this.open(place);
    const id = this.operations().at(-1)?.id;
    const echoed = new Promise<string>((resolve) => {
      let received = '';
      tunnel.on('data', (chunk: Buffer) => {
        received += chunk.toString('latin1');
        if (received.length >= text.length) resolve(received);
      });
      tunnel.on('end', () => resolve(received));
    });
    tunnel.write(text);
    assert.equal(await echoed, text);
    // The bytes may be quicker than the status.
    await this.final(id);
    await tunnel.close();
  }

  /** check() and stop(): for rows that need one stand after the other. */
  async end(): Promise<void> {
    await this.check();
    await this.stop();
  }

  /** Ends the clients, then sees whether the agent holds or tells anything that it should not, and ends it. */
  async check(): Promise<void> {
    for (const tunnel of this.#tunnels) tunnel.destroy();
    this.cloud.remoteAccess.resetTunnels();
    this.onCheck();
    if (this.#agent === undefined || this.#agent.command.hasEnded) return;
    const secrets = [this.device.password, ...this.#keys, ...(this.options.secrets ?? [])];
    await this.#leaks?.check({ secrets, cloud: this.cloud });
  }

  /** Ends everything at once. */
  async stop(): Promise<void> {
    for (const tunnel of this.#tunnels) tunnel.destroy();
    await this.operator.close();
    await this.#agent?.discard();
    await this.cloud.stop();
  }
}
