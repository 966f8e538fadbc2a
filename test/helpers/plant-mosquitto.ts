import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { closedPort } from './closed-port.js';
import { eventually } from './eventually.js';
import { findProgram, runProgram } from './programs.js';
import { temporaryFolder } from './temporary-folder.js';

export interface PlantMosquittoOptions {
  /** Who may log in; default everybody. */
  readonly login?: { readonly user: string; readonly password: string };
  /** Certificate and key, and the authority of both, in PEM: the port then speaks TLS alone. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca: string };
}

/** A broker of this test alone, on a port of its own; it forgets everything when it ends. */
export class PlantMosquitto {
  #child: ChildProcess | undefined;

  private constructor(
    readonly port: number,
    private readonly configFile: string,
    private readonly options: PlantMosquittoOptions,
  ) {}

  static async start(t: TestContext, options: PlantMosquittoOptions = {}): Promise<PlantMosquitto> {
    const folder = temporaryFolder(t);
    const port = await closedPort();
    const configFile = path.join(folder, 'mosquitto.conf');
    writeFileSync(configFile, (await configuration(folder, port, options)).join('\n'));
    const broker = new PlantMosquitto(port, configFile, options);
    await broker.start();
    t.after(() => broker.kill());
    return broker;
  }

  get url(): string {
    return `${this.options.tls === undefined ? 'mqtt' : 'mqtts'}://127.0.0.1:${this.port}`;
  }

  /** Starts it (again), on the same port and with nothing retained. */
  async start(): Promise<void> {
    const program = findProgram('mosquitto') ?? assert.fail('mosquitto is not installed');
    const child = spawn(program, ['-c', this.configFile, '-v'], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child = child;
    let log = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (log = (log + text).slice(-20_000)));
    await eventually(() => {
      assert.equal(child.exitCode, null, `mosquitto ended: ${log}`);
      return log.includes(' running') || undefined;
    }, 'mosquitto to run');
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  /** Publishes with mosquitto_pub, as people do it. */
  async publish(topic: string, message: string, ...flags: readonly string[]): Promise<void> {
    const what = message === '' ? ['-n'] : ['-m', message];
    const { code, stderr } = await runProgram('mosquitto_pub', [
      '-h',
      '127.0.0.1',
      '-p',
      String(this.port),
      '-t',
      topic,
      '-q',
      '1',
      ...what,
      ...flags,
      ...this.#access(),
    ]);
    assert.equal(code, 0, stderr);
  }

  /** What is retained below a filter now, by topic. */
  async retained(filter: string): Promise<ReadonlyMap<string, string>> {
    const { stdout } = await runProgram('mosquitto_sub', [
      '-h',
      '127.0.0.1',
      '-p',
      String(this.port),
      '-t',
      filter,
      '--retained-only',
      '-v',
      '-W',
      '1',
      ...this.#access(),
    ]);
    const lines = stdout.split('\n').filter((line) => line !== '');
    return new Map(
      lines.map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]),
    );
  }

  #access(): string[] {
    const { login, tls } = this.options;
    return [
      ...(login === undefined ? [] : ['-u', login.user, '-P', login.password]),
      ...(tls === undefined ? [] : ['--cafile', path.join(path.dirname(this.configFile), 'ca.pem')]),
    ];
  }
}

async function configuration(
  folder: string,
  port: number,
  options: PlantMosquittoOptions,
): Promise<string[]> {
  const { login, tls } = options;
  // Root gives its rights up by default, and could then not read these files.
  const lines = [`listener ${port} 127.0.0.1`, 'persistence false', 'user root'];
  if (tls !== undefined) {
    writeFileSync(path.join(folder, 'cert.pem'), tls.cert);
    writeFileSync(path.join(folder, 'ca.pem'), tls.ca);
    writeFileSync(path.join(folder, 'key.pem'), tls.key, { mode: 0o600 });
    lines.push(`certfile ${folder}/cert.pem`, `keyfile ${folder}/key.pem`);
  }
  if (login === undefined) return [...lines, 'allow_anonymous true', ''];
  const file = path.join(folder, 'passwords');
  const { code, stderr } = await runProgram('mosquitto_passwd', [
    '-b',
    '-c',
    file,
    login.user,
    login.password,
  ]);
  assert.equal(code, 0, stderr);
  return [...lines, 'allow_anonymous false', `password_file ${file}`, ''];
}
