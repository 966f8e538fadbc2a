import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startCloud } from '../../simulator/cloud.js';
import { OperatorClient } from '../../src/cli/connect/operator-client.js';
import { operatorSettings } from '../../src/cli/connect/operator-settings.js';
import { writeConfiguration } from '../helpers/agent-process.js';
import { eventually } from '../helpers/eventually.js';
import { PlantTarget } from '../helpers/plant.js';
import { skipOutsideCi } from '../helpers/programs.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

/** Longest time from SIGTERM to the end, in ms: what the contract promises, and room for a busy machine. */
const END_MS = 15_000;

/** Signals sent at most to make the agent log something. */
const MAX_SIGNALS = 300;

/** Time that the agent gets for each, in ms: about what a process takes to start. */
const SIGNAL_MS = 500;

/** Characters of one field name that is unknown to the configuration, a hundred of which are told in one line. */
const NAME_CHARACTERS = 200;

/** An agent whose standard output goes where `shell` sends it, and what to see of it beside its log. */
class LoggingAgent {
  private constructor(
    private readonly folder: string,
    readonly child: ChildProcess,
    readonly operator: OperatorClient,
    private readonly deviceId: string,
    private readonly endpoint: (port: number) => string,
  ) {}

  /** @param shell a command line in which `$AGENT` stands for the agent. */
  static async start(t: TestContext, shell: (folder: string) => string): Promise<LoggingAgent> {
    const cloud = await startCloud();
    const device = cloud.registerDevice('gw-7');
    const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-log-'));
    const sections = { admin: { listen: `unix:${path.join(folder, 'admin.sock')}` } };
    const file = writeConfiguration(folder, cloud, device, sections);
    const { tenant, user, password } = cloud.operator;
    const env = { C8Y_TENANT: tenant, C8Y_USER: user, C8Y_PASSWORD: password };
    const operator = new OperatorClient(operatorSettings({ url: cloud.url }, env));
    const child = spawn('sh', ['-c', shell(folder)], {
      cwd: folder,
      env: { PATH: process.env.PATH, AGENT: `${process.execPath} ${MAIN} run --config ${file}` },
      // Nobody reads these pipes unless the test does.
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const endpoint = (port: number): string =>
      cloud.addConfiguration(device.id, { name: `to ${port}`, hostname: '127.0.0.1', port }).id;
    const agent = new LoggingAgent(folder, child, operator, device.id, endpoint);
    t.after(async () => {
      await agent.#kill();
      await operator.close();
      await cloud.stop();
      rmSync(folder, { recursive: true, force: true });
    });
    await agent.#ready();
    return agent;
  }

  get(requestPath: string): Promise<{ readonly status: number; readonly body: string }> {
    const socketPath = path.join(this.folder, 'admin.sock');
    return new Promise((resolve) => {
      request(
        { socketPath, path: requestPath, headers: { host: 'localhost', connection: 'close' } },
        (reply) => {
          let body = '';
          reply.setEncoding('utf8').on('data', (text: string) => (body += text));
          reply.on('close', () => resolve({ status: reply.statusCode ?? 0, body }));
        },
      )
        .on('error', () => resolve({ status: 0, body: '' }))
        .end();
    });
  }

  async #ready(): Promise<void> {
    let isReady = false;
    const poll = setInterval(() => {
      void this.get('/readyz').then(({ status }) => (isReady ||= status === 200));
    }, 50);
    await eventually(() => isReady || undefined, 'a ready agent').finally(() => clearInterval(poll));
  }

  async metric(name: string): Promise<number> {
    const { body } = await this.get('/metrics');
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(body)?.[1]);
  }

  async status(): Promise<{ readonly pid: number; readonly parentPid: number | null }> {
    return JSON.parse((await this.get('/api/status')).body) as { pid: number; parentPid: number | null };
  }

  /** Bytes there and back through a session of its own. */
  async works(t: TestContext): Promise<void> {
    const plant = await PlantTarget.listen();
    t.after(() => plant.close());
    const tunnel = await this.operator.openTunnel(this.deviceId, this.endpoint(plant.port));
    tunnel.write('through and back');
    const [bytes] = (await once(tunnel, 'data')) as [Buffer];
    assert.equal(bytes.toString(), 'through and back');
    tunnel.destroy();
    assert.equal((await this.get('/healthz')).status, 200);
  }

  /** Makes the agent log long lines, one per signal, until it is enough: each tells of a thousand unknown keys. */
  async chatter(isEnough: () => boolean | Promise<boolean>): Promise<void> {
    const names = Array.from({ length: 1_000 }, (_, index) => `k${index}${'x'.repeat(NAME_CHARACTERS)}: 1`);
    writeFileSync(path.join(this.folder, 'gatehouse.yaml'), names.join('\n'), { mode: 0o600 });
    const { parentPid } = await this.status();
    for (let signals = 0; signals < MAX_SIGNALS; signals += 1) {
      process.kill(parentPid ?? assert.fail(), 'SIGHUP');
      // A signal that comes while another one is obeyed is joined to the next one.
      await new Promise((resolve) => setTimeout(resolve, SIGNAL_MS));
      if (await isEnough()) return;
    }
    assert.fail('the agent does not log enough');
  }

  /** SIGTERM. Waits until the agent is gone; its code only where nothing stands between it and us. */
  async terminate(): Promise<void> {
    const { pid, parentPid } = await this.status();
    process.kill(parentPid ?? pid, 'SIGTERM');
    await eventually(() => isGone(pid) || undefined, 'the end of the agent', END_MS);
  }

  async #kill(): Promise<void> {
    const { pid, parentPid } = await this.status().catch(() => ({ pid: undefined, parentPid: undefined }));
    // What nobody has read would keep this process waiting for the rest.
    this.child.stdout?.destroy();
    this.child.stderr?.destroy();
    for (const one of [parentPid ?? undefined, pid, this.child.pid])
      if (one !== undefined && !isGone(one)) process.kill(one, 'SIGKILL');
  }
}

function isGone(pid: number): boolean {
  try {
    // A zombie has ended; nobody has asked it how yet.
    return readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.startsWith('Z') === true;
  } catch {
    return true;
  }
}

const LINUX = { skip: process.platform !== 'linux' };

/** A file system of 64 KiB at `folder`; false where this user may not mount one. */
function mountSmall(t: TestContext, folder: string): boolean {
  mkdirSync(folder);
  const options = ['-t', 'tmpfs', '-o', 'size=64k', 'none', folder];
  if (spawnSync('mount', options).status !== 0) return false;
  return true;
}

test(
  'a full disk under the log harms nothing, and what waited is written once there is room (L01)',
  LINUX,
  async (t) => {
    const disk = path.join(mkdtempSync(path.join(tmpdir(), 'gatehouse-disk-')), 'small');
    t.after(() => {
      spawnSync('umount', ['--lazy', disk]);
      rmSync(path.dirname(disk), { recursive: true, force: true });
    });
    if (!mountSmall(t, disk)) return skipOutsideCi(t, 'this user may not mount a file system');
    const filler = path.join(disk, 'filler');
    writeFileSync(filler, Buffer.alloc(48 * 1_024));
    const agent = await LoggingAgent.start(t, () => `exec $AGENT >> ${disk}/log`);
    const isFull = (): boolean =>
      spawnSync('df', ['--output=avail', disk], { encoding: 'utf8' }).stdout.endsWith(' 0\n');
    await agent.chatter(isFull);
    await agent.works(t);
    const log = (): string => readFileSync(path.join(disk, 'log'), 'utf8');
    assert.doesNotMatch(log(), /session ended/);
    assert.equal(spawnSync('mount', ['-o', 'remount,size=64m', disk]).status, 0);
    await eventually(() => log().includes('session ended') || undefined, 'the lines that waited');
    assert.equal(await agent.metric('gatehouse_log_dropped_total'), 0);
    await agent.terminate();
    assert.match(log(), /gatehouse stopped/);
  },
);

test('a log that goes to a full device from the start harms nothing', LINUX, async (t) => {
  const agent = await LoggingAgent.start(t, () => 'exec $AGENT > /dev/full');
  await agent.works(t);
  await agent.terminate();
});

test('a reader of the log that goes away harms nothing (L05)', LINUX, async (t) => {
  const agent = await LoggingAgent.start(t, (folder) => `$AGENT | head -1 > ${folder}/first`);
  let signals = 0;
  await agent.chatter(() => (signals += 1) > 4);
  await agent.works(t);
  await agent.terminate();
});

test('a reader of the log that stands still harms nothing, not even the end (L06)', LINUX, async (t) => {
  // The pipe of `child` is read by nobody.
  const agent = await LoggingAgent.start(t, () => 'exec $AGENT');
  let signals = 0;
  await agent.chatter(() => (signals += 1) > 8);
  await agent.works(t);
  await agent.terminate();
  const code = agent.child.exitCode ?? ((await once(agent.child, 'exit')) as [number])[0];
  assert.equal(code, 0);
});
