import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startCloud, type Cloud, type RegisteredDevice } from '../../simulator/cloud.js';
import { writeConfiguration, type Sections } from './agent-process.js';
import { Command } from './command.js';
import { eventually } from './eventually.js';
import { Ledger } from './ledger.js';
import { Trap } from './outcome-targets.js';

/** How the cloud takes the key of an operation. */
export interface KeyAnswer {
  /** What it answers; default 101. */
  readonly status?: number;
  /** How long it takes for that, in ms; default 0. */
  readonly answerMs?: number;
}

/** A cloud that stays, with every status it was told, and agents as processes that are killed and started again. */
export class CrashRig {
  #agent: Command | undefined;
  readonly #keys = new Map<string, string>();

  private constructor(
    readonly cloud: Cloud,
    readonly device: RegisteredDevice,
    readonly ledger: Ledger,
    readonly trap: Trap,
    readonly folder: string,
  ) {}

  static async start(sections: Sections = {}, intake: 'rest' | 'mqtt' = 'rest'): Promise<CrashRig> {
    const cloud = await startCloud(intake === 'mqtt' ? { mqttPort: 0 } : {});
    const device = cloud.registerDevice('gw-7');
    const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-test-'));
    const mqttUrl = intake === 'mqtt' ? { mqttUrl: cloud.mqttUrl } : {};
    writeConfiguration(folder, cloud, device, { intake: { kind: intake, ...mqttUrl }, ...sections });
    return new CrashRig(cloud, device, new Ledger(cloud.platform), await Trap.start(), folder);
  }

  get stateDirectory(): string {
    return path.join(this.folder, '.gatehouse');
  }

  get agent(): Command {
    return this.#agent ?? assert.fail('no agent was started');
  }

  /** Starts an agent; resolves when it works, linked or not. */
  async run(): Promise<void> {
    this.#agent = new Command(['run'], { cwd: this.folder });
    await this.#agent.printed(/gatehouse started/);
  }

  /** Starts an agent and does not wait for it. */
  launch(): Command {
    return (this.#agent = new Command(['run'], { cwd: this.folder }));
  }

  /** SIGKILL to all of its processes, at once; resolves when it is gone. */
  async kill(): Promise<void> {
    this.agent.killAll('SIGKILL');
    await this.agent.ended();
  }

  /** Creates an operation to the target, and gives its id. */
  create({ status = 101, answerMs = 0 }: KeyAnswer = {}, port = this.trap.port): string {
    const connectionKey = randomUUID();
    this.cloud.remoteAccess.answers.set(connectionKey, { status, delayMs: answerMs });
    const fragment = { hostname: '127.0.0.1', port, connectionKey };
    const { id } = this.cloud.createOperation(this.device.id, { c8y_RemoteAccessConnect: fragment });
    this.#keys.set(id, connectionKey);
    return id;
  }

  /** Ids of all operations, oldest first. */
  get operations(): readonly string[] {
    return [...this.#keys.keys()];
  }

  /** How often the tunnel of an operation was asked for. */
  dials(id: string): number {
    const key = this.#keys.get(id) ?? assert.fail('no such operation');
    return this.cloud.requests.list('GET', `/service/remoteaccess/device/${key}`).length;
  }

  /** Waits until the journal holds a record of this type for the operation. */
  async journalled(id: string, type: 'claimed' | 'final' | 'acked'): Promise<void> {
    const record = `{"type":"${type}","id":"${id}"`;
    await eventually(() => this.journal().includes(record) || undefined, `${record} in the journal`);
  }

  /** Waits until the operation's story is this one. */
  async story(id: string, expected: string): Promise<void> {
    await eventually(
      () => this.ledger.story(id) === expected || undefined,
      `${expected} of operation ${id}`,
    ).catch((error: unknown) => assert.equal(this.ledger.story(id), expected, String(error)));
  }

  /** Everything that is in the journal files. */
  journal(): string {
    try {
      const names = readdirSync(this.stateDirectory).filter((name) => /^journal\.\d+$/.test(name));
      return names.map((name) => readFileSync(path.join(this.stateDirectory, name), 'utf8')).join('');
    } catch {
      // Not there yet, or renamed just now.
      return '';
    }
  }

  async stop(): Promise<void> {
    await this.#agent?.discard();
    await this.cloud.stop();
    await this.trap.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
