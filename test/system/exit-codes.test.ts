import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { stringify } from 'yaml';
import { startCloud, type Cloud, type RegisteredDevice } from '../../simulator/cloud.js';
import { writeConfiguration, type Sections } from '../helpers/agent-process.js';
import { gatehouse } from '../helpers/command.js';
import { PlantTarget } from '../helpers/plant.js';

const COMMANDS = [
  'run',
  'check',
  'explain',
  'status',
  'sessions',
  'close',
  'drain',
  'demo',
  'simulate',
  'connect',
  'init',
  'register',
  'schema',
  'thin-edge',
  'audit',
  'approvals',
  'approve',
  'deny',
];

/** Commands that read the configuration, with what else they need on their command line. */
const CONFIGURED = [
  ['run'],
  ['check'],
  ['explain', '10.0.0.1:22'],
  ['status'],
  ['sessions'],
  ['close', 'a1b2c3'],
  ['drain'],
];

describe('exit codes', () => {
  let cloud: Cloud;
  let device: RegisteredDevice;
  let folder: string;

  before(async () => {
    cloud = await startCloud();
    device = cloud.registerDevice('gw-7');
    folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-test-'));
  });
  after(async () => {
    await cloud.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const configuration = (sections: Sections = {}): string =>
    writeConfiguration(folder, cloud, device, sections);

  test('--help names every command and gives an example', async () => {
    const { code, stdout, stderr } = await gatehouse(['--help']);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    for (const command of COMMANDS) assert.match(stdout, new RegExp(`^  ${command}\\b`, 'm'));
    assert.deepEqual(
      stdout.split('\n').filter((line) => line.length > 80),
      [],
    );
    assert.match(stdout, /^Examples?:\n(?: {2}.*\n)*? {2}gatehouse /m);
  });

  for (const command of COMMANDS) {
    test(`${command} --help gives an example, on no more than 80 columns, and exits with 0`, async () => {
      const { code, stdout, stderr } = await gatehouse([command, '--help']);
      assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
      assert.match(stdout, new RegExp(`^Usage: gatehouse ${command}`));
      assert.match(stdout, new RegExp(`^Examples?:\\n(?:  .*\\n)*?  .*gatehouse ${command}`, 'm'));
      assert.deepEqual(
        stdout.split('\n').filter((line) => line.length > 80),
        [],
      );
    });
  }

  test('--version prints the version alone', async () => {
    const { code, stdout, stderr } = await gatehouse(['--version']);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
  });

  const misuses: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['an unknown command', ['explian'], /unknown command 'explian'.*\n?.*Did you mean explain/],
    ['an unknown option', ['run', '--confg', 'x'], /unknown option '--confg'/],
    ['an option without its value', ['run', '--config'], /argument missing/],
    ['more arguments than there are', ['status', 'now'], /too many arguments/],
    ['explain without a target', ['explain'], /missing required argument 'host:port'/],
    ['explain with a target without a port', ['explain', '10.0.0.1'], /HOST:PORT, for example/],
    ['explain with port 0', ['explain', '10.0.0.1:0'], /HOST:PORT, for example/],
    [
      'explain with a host that is no host',
      ['explain', 'a..b:22'],
      /The host cannot be used: "a\.\.b" has an empty label/,
    ],
    [
      'explain for a child that is not configured',
      ['explain', '10.0.0.1:22', '--device', 'x'],
      /device\.children/,
    ],
    ['help for an unknown command', ['help', 'nosuch'], /unknown command 'nosuch'/],
    ['an option that says nothing', ['sessions', '--interval', '2'], /--interval is for --watch/],
    ['explain with a day that is none', ['explain', 'a:22', '--at', '2026-02-30T10:00'], /--at takes a date/],
    ['close without an id', ['close'], /missing required argument 'id'/],
    ['close with what is no id', ['close', '../status'], /session id/],
    ['simulate with a port that is none', ['simulate', '--port', '70000'], /0 to 65535/],
    ['connect without an endpoint', ['connect', 'gw-7'], /missing required argument 'configuration'/],
    ['connect without a cloud', ['connect', 'gw-7', 'ssh'], /C8Y_BASEURL/],
  ];
  for (const [what, args, complaint] of misuses) {
    test(`${what} is wrong usage: 64, with the reason on standard error`, async () => {
      configuration();
      const { code, stdout, stderr } = await gatehouse(args, { cwd: folder });
      assert.deepEqual({ code, stdout }, { code: 64, stdout: '' });
      assert.match(stderr, complaint);
      assert.doesNotMatch(stderr, /\n\s+at /, 'a stack trace');
    });
  }

  test('wrong usage points to the help of its command', async () => {
    const { stderr } = await gatehouse(['audit', 'verify', '--nonsense']);
    assert.match(stderr, /\(gatehouse audit verify --help shows what there is\)/);
  });

  for (const args of [
    ['explain'],
    ['status', 'now'],
    ['register', '--nonsense'],
    ['init', '--nonsense'],
    ['check', 'x'],
  ]) {
    test(`${args.join(' ')} --json is wrong usage, told as JSON`, async () => {
      const { code, stdout, stderr } = await gatehouse([...args, '--json']);
      assert.deepEqual({ code, stderr }, { code: 64, stderr: '' });
      const { ok, exitCode, message } = JSON.parse(stdout) as Record<string, unknown>;
      assert.deepEqual([ok, exitCode, typeof message], [false, 64, 'string']);
    });
  }

  test('explain --json tells as JSON what is wrong with its values, too', async () => {
    const file = configuration();
    const { code, stdout } = await gatehouse(['explain', '10.0.0.1', '--json', '--config', file]);
    assert.equal(code, 64);
    assert.match((JSON.parse(stdout) as { message: string }).message, /HOST:PORT/);
  });

  for (const args of [['check'], ['explain', '10.0.0.1:22'], ['status'], ['sessions'], ['register']]) {
    test(`${args[0] ?? ''} --json with an invalid configuration is told as JSON, with 78`, async () => {
      const file = configuration({ intake: { kind: 'carrier-pigeon' } });
      const env = { C8Y_BOOTSTRAP_PASSWORD: 'x' };
      const { code, stdout, stderr } = await gatehouse([...args, '--json', '--config', file], { env });
      assert.deepEqual({ code, stderr }, { code: 78, stderr: '' });
      const { ok, exitCode, problems } = JSON.parse(stdout) as {
        ok: boolean;
        exitCode: number;
        problems: { key: string }[];
      };
      assert.deepEqual([ok, exitCode], [false, 78]);
      assert.ok(problems.some(({ key }) => key === 'intake.kind'));
    });
  }

  for (const args of CONFIGURED) {
    test(`${args[0] ?? ''} with an invalid configuration names all errors at once, connects nothing and exits with 78`, async () => {
      cloud.requests.clear();
      const file = configuration({
        limits: { sessions: -1, connectTimeout: '10 parsecs' },
        conduits: [{ name: 'x', host: '10.0.0.300', ports: [0] }],
        intake: { kind: 'carrier-pigeon' },
        keepalive: { webSocketPing: '20s' },
      });
      const { code, stdout, stderr } = await gatehouse([...args, '--config', file]);
      assert.deepEqual({ code, stdout }, { code: 78, stdout: '' });
      const named = [
        'limits.sessions',
        'limits.connectTimeout',
        'conduits[0].host',
        'conduits[0].ports',
        'intake.kind',
      ];
      for (const key of named) assert.ok(stderr.includes(key), `${key} in:\n${stderr}`);
      assert.match(stderr, /keepalive.*keepAlive/s, 'the nearest known key');
      assert.doesNotMatch(stderr, /\n\s+at /, 'a stack trace');
      assert.deepEqual(cloud.requests.list(), []);
    });

    test(`${args[0] ?? ''} with a file that is not there names it and exits with 78`, async () => {
      const file = path.join(folder, 'absent.yaml');
      const { code, stderr } = await gatehouse([...args, '--config', file]);
      assert.equal(code, 78);
      assert.ok(stderr.includes(file) && stderr.includes('gatehouse init'), stderr);
    });
  }

  for (const args of [[], ['run']]) {
    test(`gatehouse ${args.join(' ')} without any configuration says how to come by one, with 78`, async () => {
      const { code, stderr } = await gatehouse(args, { cwd: mkdtempSync(path.join(folder, 'empty-')) });
      assert.equal(code, 78);
      for (const way of ['--config', 'gatehouse init', 'gatehouse demo', 'gatehouse.yaml'])
        assert.ok(stderr.includes(way), stderr);
    });
  }

  test('a configuration without the keys that have no default names each of them', async () => {
    const file = path.join(folder, 'short.yaml');
    writeFileSync(file, stringify({ limits: { sessions: 5 } }), { mode: 0o600 });
    const { code, stderr } = await gatehouse(['run', '--config', file]);
    assert.equal(code, 78);
    for (const key of ['cloud.url', 'device.externalId'])
      assert.ok(stderr.includes(key), `${key} in:\n${stderr}`);
  });

  for (const args of [['status'], ['sessions'], ['close', 'a1b2c3'], ['drain']]) {
    test(`${args[0] ?? ''} without a running agent says where it looked and exits with 69`, async () => {
      const nobody = await PlantTarget.listen();
      const { port } = nobody;
      nobody.close();
      const file = configuration({ admin: { listen: `127.0.0.1:${port}` } });
      for (const json of [[], ['--json']]) {
        const { code, stdout, stderr } = await gatehouse([...args, ...json, '--config', file]);
        assert.deepEqual({ code, stdout }, { code: 69, stdout: '' });
        assert.ok(stderr.includes(`127.0.0.1:${port}`) && stderr.includes('gatehouse run'), stderr);
      }
    });

    test(`${args[0] ?? ''} against something that is no agent says so and exits with 69`, async () => {
      const file = configuration({ admin: { listen: new URL(cloud.url).host } });
      const { code, stderr } = await gatehouse([...args, '--config', file]);
      assert.equal(code, 69);
      assert.match(stderr, /no Gatehouse agent/);
    });
  }

  test('connect without a cloud that answers exits with 69', async () => {
    const nobody = await PlantTarget.listen();
    const { port } = nobody;
    nobody.close();
    const env = { C8Y_USER: 'u', C8Y_PASSWORD: 'p', C8Y_TENANT: 't1' };
    const url = `http://127.0.0.1:${port}`;
    const { code, stderr } = await gatehouse(['connect', 'gw-7', 'ssh', '--url', url], { env });
    assert.equal(code, 69);
    assert.match(stderr, new RegExp(`127\\.0\\.0\\.1:${port}`));
  });

  test('connect with a wrong password exits with 77 and does not repeat it', async () => {
    const env = {
      C8Y_USER: cloud.operator.user,
      C8Y_PASSWORD: 'not-the-password',
      C8Y_TENANT: cloud.operator.tenant,
    };
    const { code, stdout, stderr } = await gatehouse(['connect', 'gw-7', 'ssh', '--url', cloud.url], { env });
    assert.equal(code, 77);
    assert.doesNotMatch(stdout + stderr, /not-the-password/);
  });

  test('connect to a device or endpoint that is not there exits with 1 and names it', async () => {
    const { tenant, user, password } = cloud.operator;
    const env = { C8Y_USER: user, C8Y_PASSWORD: password, C8Y_TENANT: tenant, C8Y_BASEURL: cloud.url };
    const noDevice = await gatehouse(['connect', 'gw-8', 'ssh'], { env });
    assert.equal(noDevice.code, 1);
    assert.match(noDevice.stderr, /gw-8/);
    const noEndpoint = await gatehouse(['connect', 'gw-7', 'telnet'], { env });
    assert.equal(noEndpoint.code, 1);
    assert.match(noEndpoint.stderr, /telnet/);
  });

  test('run on an admin port that is taken says which and exits with 1', async () => {
    const taken = await PlantTarget.listen();
    try {
      const file = configuration({ admin: { listen: `127.0.0.1:${taken.port}` } });
      const { code, stdout } = await gatehouse(['run', '--config', file]);
      assert.equal(code, 1);
      assert.match(stdout, new RegExp(`EADDRINUSE.*127\\.0\\.0\\.1:${taken.port}`));
      assert.match(stdout, /gatehouse cannot start/);
      assert.doesNotMatch(stdout, /parent process is gone/);
    } finally {
      taken.close();
    }
  });

  test('simulate on a port that is taken says which, how to go on, and exits with 1', async () => {
    const taken = await PlantTarget.listen();
    try {
      const { code, stderr } = await gatehouse(['simulate', '--port', String(taken.port)]);
      assert.equal(code, 1);
      assert.match(stderr, new RegExp(`${taken.port}.*--port 0`));
    } finally {
      taken.close();
    }
  });

  test('explain exits with 0 for what is allowed and with 1 for what is not, also as JSON', async () => {
    const file = configuration({ conduits: [{ name: 'hmi', host: '10.0.5.0/24', ports: [5900] }] });
    const ask = (target: string, ...more: string[]) =>
      gatehouse(['explain', target, '--config', file, ...more]);
    assert.equal((await ask('10.0.5.7:5900')).code, 0);
    assert.equal((await ask('10.0.5.7:22')).code, 1);
    const allowed = await ask('10.0.5.7:5900', '--json');
    assert.equal((JSON.parse(allowed.stdout) as { kind: string }).kind, 'allow');
    const unresolved = await ask(`${'a'.repeat(60)}.invalid:5900`, '--json');
    const { kind, code } = JSON.parse(unresolved.stdout) as { kind: string; code: string };
    assert.deepEqual([unresolved.code, kind, code], [1, 'deny', 'target-unresolved']);
    const denied = await ask('10.0.6.7:5900', '--json');
    assert.deepEqual(
      { code: denied.code, kind: (JSON.parse(denied.stdout) as { kind: string }).kind },
      { code: 1, kind: 'deny' },
    );
  });

  test('explain says that a session waits for approval, and that a switch is off', async () => {
    const [file, off] = [path.join(folder, 'switch'), path.join(folder, 'approvals')];
    writeFileSync(file, 'off\n', { mode: 0o600 });
    const config = configuration({
      conduits: [{ name: 'hmi', host: '10.0.5.7', ports: [5900], approval: true }],
      approval: { directory: off },
      switch: { file },
    });
    const ask = (...more: string[]) => gatehouse(['explain', '10.0.5.7:5900', '--config', config, ...more]);
    const { stdout } = await ask();
    assert.match(stdout, /^ {2}approval: conduit "hmi" \(.*:\d+\) lets a session in once somebody on site/m);
    assert.match(stdout, /^ {2}hard switch: .*switch says off: no session is let in$/m);
    const { approval, switch: why } = JSON.parse((await ask('--json')).stdout) as Record<string, unknown>;
    assert.deepEqual([approval, why], [true, [`${file} says off: no session is let in`]]);
  });
});
