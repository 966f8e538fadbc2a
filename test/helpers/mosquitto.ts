import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { closedPort } from './closed-port.js';
import { eventually } from './eventually.js';
import { findProgram, runProgram } from './programs.js';

/** How the bridge logs in to the cloud; as thin-edge.io writes it for mosquitto. */
export interface BridgeOptions {
  /** `host:port` of the cloud's MQTT endpoint. */
  readonly address: string;
  readonly clientId: string;
  /** With a password there are no tokens. */
  readonly login?: { readonly user: string; readonly password: string };
  /** With a certificate there are. Paths of PEM files. */
  readonly certificate?: { readonly ca: string; readonly certificate: string; readonly key: string };
  /** Whether it has the topics for tokens; thin-edge.io gives it them with a certificate only. */
  readonly hasTokens?: boolean;
  /** What stands before the cloud's topics. Default `c8y`. */
  readonly prefix?: string;
}

/** A mosquitto of this test alone, with a bridge to the cloud that maps topics as the one of thin-edge.io does. */
export class Mosquitto {
  #child: ChildProcess | undefined;
  #log = '';

  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly bridge: readonly string[],
    private settings: readonly string[],
  ) {}

  /** @param settings lines of its configuration beside the listener on 127.0.0.1. */
  static async start(
    bridge: BridgeOptions | undefined,
    settings: readonly string[] = ['allow_anonymous true'],
  ): Promise<Mosquitto> {
    const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-mosquitto-'));
    const lines = bridge === undefined ? [] : bridgeLines(bridge);
    const broker = new Mosquitto(await closedPort(), folder, lines, settings);
    await broker.start();
    return broker;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  /** Its process id while it runs. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts it (again), on the same port, with these settings if given; resolves when it listens. */
  async start(settings = this.settings): Promise<void> {
    this.settings = settings;
    const program = findProgram('mosquitto') ?? assert.fail('mosquitto is not installed');
    const file = path.join(this.folder, 'mosquitto.conf');
    const own = [`user ${userInfo().username}`, `listener ${this.port} 127.0.0.1`];
    writeFileSync(file, [...own, ...this.settings, ...this.bridge, ''].join('\n'), { mode: 0o600 });
    const child = spawn(program, ['-v', '-c', file], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child = child;
    this.#log = '';
    child.stderr
      .setEncoding('utf8')
      .on('data', (text: string) => (this.#log = (this.#log + text).slice(-200_000)));
    await eventually(() => {
      assert.equal(child.exitCode, null, `mosquitto ended: ${this.#log}`);
      return /mosquitto version \S+ running/.test(this.#log) || undefined;
    }, 'mosquitto to listen');
  }

  /** What it has written since its last start. */
  get log(): string {
    return this.#log;
  }

  /** Ends the process; start() brings it back. */
  async kill(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child?.exitCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Publishes as another program of the gateway would. */
  async publish(topic: string, payload: string, ...more: readonly string[]): Promise<void> {
    const place = ['-h', '127.0.0.1', '-p', String(this.port)];
    const { code, stderr } = await runProgram('mosquitto_pub', [
      ...place,
      '-q',
      '1',
      '-t',
      topic,
      '-m',
      payload,
      ...more,
    ]);
    assert.equal(code, 0, stderr);
  }
}

/** Health of the bridge, where thin-edge.io has it. */
export const BRIDGE_HEALTH = 'te/device/main/service/mosquitto-c8y-bridge/status/health';

function bridgeLines(bridge: BridgeOptions): string[] {
  const { address, clientId, login, certificate, hasTokens = false, prefix = 'c8y' } = bridge;
  const out = [
    's/us/#',
    't/us/#',
    'q/us/#',
    'c/us/#',
    's/uc/#',
    'inventory/managedObjects/update/#',
    'event/events/create',
  ];
  const into = ['s/ds', 'devicecontrol/notifications', 'error'];
  const topic = (name: string, direction: string, qos: number): string =>
    `topic ${name} ${direction} ${qos} ${prefix}/ ""`;
  return [
    'connection edge_to_c8y',
    `address ${address}`,
    `remote_clientid ${clientId}`,
    'local_clientid Cumulocity',
    ...(login === undefined ? [] : [`remote_username ${login.user}`, `remote_password ${login.password}`]),
    ...(certificate === undefined
      ? []
      : [
          `bridge_cafile ${certificate.ca}`,
          `bridge_certfile ${certificate.certificate}`,
          `bridge_keyfile ${certificate.key}`,
        ]),
    'try_private false',
    'start_type automatic',
    'cleansession true',
    'local_cleansession false',
    'notifications true',
    'notifications_local_only true',
    `notification_topic te/device/main/service/mosquitto-${prefix}-bridge/status/health`,
    'bridge_attempt_unsubscribe false',
    'keepalive_interval 60',
    // thin-edge.io leaves this at its default of up to 30 s; a test has not the time.
    'restart_timeout 1',
    ...out.map((name) => topic(name, 'out', 1)),
    ...into.map((name) => topic(name, 'in', 1)),
    topic('s/e', 'in', 0),
    ...(hasTokens ? [topic('s/uat', 'out', 0), topic('s/dat', 'in', 0)] : []),
  ];
}
