import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parse, stringify } from 'yaml';
import { echoes, startTarget } from '../../helpers/agent-scene.js';
import { Command, gatehouse } from '../../helpers/command.js';
import { DebianMachine } from '../../helpers/debian-machine.js';
import { buildPackage, sharedFolder } from '../../helpers/debian-package.js';
import { eventually } from '../../helpers/eventually.js';
import { commandsOf, readPage, runPage } from '../../helpers/page-commands.js';
import { findProgram, skipOutsideCi, unlessMissing } from '../../helpers/programs.js';
import { ThinEdgeScene } from '../../helpers/thin-edge-scene.js';

const PAGE = 'docs/integrator/thin-edge.md';
const OPERATION = 'c8y_RemoteAccessConnect';
const CHILD = 'gw-7:device:plc-3';
const CONFIGURATION = '/etc/gatehouse/gatehouse.yaml';

/** As the plug-in of thin-edge.io writes it. */
const STOCK = '[exec]\ncommand = "c8y-remote-access-plugin"\ntopic = "c8y/s/ds"\non_message = "530"\n';

/** The text of a page's fences in one language, in their order. */
function fences(language: string): string[] {
  const found = readPage(PAGE).matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'));
  return [...found].map(([, text = '']) => text);
}

/** What the mapper does when it starts: declares what stands in the folders, and asks for what is pending. */
async function restartMapper(scene: ThinEdgeScene): Promise<void> {
  const operations = path.join(scene.folder, 'operations', 'c8y');
  for (const [folder, topic] of [
    [operations, 'c8y/s/us'],
    [path.join(operations, CHILD), `c8y/s/us/${CHILD}`],
  ] as const) {
    const names = existsSync(folder)
      ? readdirSync(folder).filter((name) => /^[A-Za-z0-9_.]+$/.test(name))
      : [];
    if (names.length > 0) await scene.broker.publish(topic, `114,${names.join(',')}`);
  }
  await scene.broker.publish('c8y/s/us', '500');
}

test(
  'following the page moves remote access from the plug-in to Gatehouse, and back',
  unlessMissing('mosquitto', 'mosquitto_passwd'),
  async (t) => {
    // The broker lets Gatehouse do what the page's list says, and others, such as the mapper, everything.
    const scene = await ThinEdgeScene.start(t, {
      withAgent: false,
      children: [CHILD],
      files: () => ({
        'broker-password': 'secret-of-gatehouse',
        'broker-list': `topic readwrite #\n${fences('conf')[0] ?? ''}`,
      }),
      broker: (folder) => {
        const users = path.join(folder, 'broker-users');
        const made = spawnSync(findProgram('mosquitto_passwd') ?? '', [
          ...['-c', '-b', users, 'gatehouse', 'secret-of-gatehouse'],
        ]);
        assert.equal(made.status, 0);
        const list = path.join(folder, 'broker-list');
        return ['allow_anonymous true', `password_file ${users}`, `acl_file ${list}`];
      },
      toml: 'auth.username = "gatehouse"\nauth.password_file = "broker-password"\n',
    });
    await scene.bridged();
    const file = path.join(scene.folder, 'operations', 'c8y', OPERATION);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, STOCK);
    // The page's own configuration, with a target that a test can have.
    const configuration = parse(fences('yaml')[0] ?? '') as { conduits: object[] };
    configuration.conduits.push({ name: 'here', host: '127.0.0.1', ports: ['*'] });
    writeFileSync(scene.configFile, stringify({ ...configuration, admin: { listen: '127.0.0.1:0' } }), {
      mode: 0o600,
    });
    const env = { TEDGE_CONFIG_DIR: scene.folder };
    const run = (command: string) => {
      const words = command.replace('sudo ', '').replace(CONFIGURATION, scene.configFile).split(' ');
      return gatehouse(words.slice(1), { cwd: scene.folder, env });
    };
    const [whoServes = '', printed = ''] = fences('text');
    let agent: Command | undefined;
    t.after(() => agent?.discard());

    await runPage(PAGE, {
      'gatehouse thin-edge status': async (command) => {
        const { code, stdout } = await run(command);
        assert.equal(code, 1);
        assert.equal(stdout.replaceAll(scene.folder, '/etc/tedge'), whoServes);
      },
      [`gatehouse check --config ${CONFIGURATION} --print`]: async (command) => {
        const { code, stdout } = await run(command);
        assert.equal(code, 0, stdout);
        for (const line of printed.trim().split('\n')) {
          const [, key = '', source = ''] = /^(\S+) .*# \/etc\/tedge\/(.+)$/.exec(line) ?? [];
          const shown = stdout.split('\n').find((one) => one.startsWith(`${key} `)) ?? '';
          assert.ok(shown.endsWith(`# ${path.join(scene.folder, source)}`), `${line}\n${shown}`);
        }
      },
      [`sudo chown root:gatehouse ${CONFIGURATION}`]: () => undefined,
      [`sudo chmod 0640 ${CONFIGURATION}`]: () => undefined,
      [`sudo gatehouse thin-edge install --child ${CHILD}`]: async (command) => {
        assert.equal((await run(command)).code, 0);
      },
      'sudo systemctl restart tedge-mapper-c8y': () => restartMapper(scene),
      [`gatehouse check --config ${CONFIGURATION}`]: async (command) => {
        const { code, stdout } = await run(command);
        assert.equal(code, 0, stdout);
        const { inventory } = scene.cloud.platform;
        for (const id of [scene.device.id, scene.child(CHILD)])
          assert.deepEqual(inventory.get(id).c8y_SupportedOperations, [OPERATION]);
      },
      'sudo systemctl start gatehouse': async () => {
        agent = new Command(['run', '--config', scene.configFile], { cwd: scene.folder, env });
        await agent.printed(/connected to the cloud/);
        const target = await startTarget(t);
        const session = await scene.open(target.port, scene.child(CHILD));
        await echoes(session, 'through the child');
        session.destroy();
        await eventually(() => scene.cloud.platform.events.list({})[0], 'the event at its end');
        const denied = scene.broker.log.split('\n').filter((line) => line.includes('Denied'));
        assert.deepEqual(denied, []);
      },
      'sudo systemctl stop gatehouse': async () => {
        agent?.kill('SIGTERM');
        assert.equal((await agent?.ended())?.code, 0);
      },
      'sudo gatehouse thin-edge remove': async (command) => {
        assert.equal((await run(command)).code, 0);
        assert.equal(existsSync(path.join(path.dirname(file), CHILD, OPERATION)), false);
        assert.equal(readFileSync(file, 'utf8'), STOCK);
      },
    });
  },
);

test(
  'with the owners and modes of the page, the service reads its configuration and what belongs to tedge',
  unlessMissing('mosquitto', 'unshare', 'nsenter', 'dpkg-deb', 'systemd-notify'),
  async (t) => {
    if (process.geteuid?.() !== 0) return skipOutsideCi(t, 'only root can make a machine with other users');
    const scene = await ThinEdgeScene.start(t, { withAgent: false, children: [CHILD] });
    const shared = sharedFolder(t);
    const file = await buildPackage(shared, '0.1.0');
    // Of thin-edge.io, as it is on a gateway: all of it is the user's, and its credentials are nobody else's.
    cpSync(scene.folder, path.join(shared, 'tedge'), { recursive: true });
    const toml = readFileSync(path.join(scene.folder, 'tedge.toml'), 'utf8').replaceAll(
      scene.folder,
      '/etc/tedge',
    );
    writeFileSync(path.join(shared, 'tedge/tedge.toml'), toml);
    const configuration = parse(fences('yaml')[0] ?? '') as { conduits: object[] };
    configuration.conduits.push({ name: 'here', host: '127.0.0.1', ports: ['*'] });
    const admin = { listen: 'unix:/run/gatehouse/admin.sock' };
    writeFileSync(path.join(shared, 'gatehouse.yaml'), stringify({ ...configuration, admin }));
    writeFileSync(path.join(shared, 'thin-edge.conf'), fences('ini')[0] ?? '');
    const rights = commandsOf(PAGE).filter(
      ({ command }) => command.endsWith(CONFIGURATION) && /ch(own|mod)/.test(command),
    );
    assert.equal(rights.length, 2);

    const machine = await DebianMachine.boot(t, shared);
    await machine.sh(
      'useradd --system tedge && cp -r /shared/tedge /etc/tedge && chown -R tedge:tedge /etc/tedge',
    );
    await machine.sh(`dpkg --install /shared/${file}`);
    await machine.sh(`umask 077 && cat /shared/gatehouse.yaml >${CONFIGURATION}`);
    for (const { command } of rights) await machine.sh(command.replace('sudo ', ''));
    await machine.sh('mkdir /etc/systemd/system/gatehouse.service.d');
    await machine.sh(
      'cp /shared/thin-edge.conf /etc/systemd/system/gatehouse.service.d/ && systemctl daemon-reload',
    );
    await scene.bridged();
    await machine.sh('systemctl start gatehouse');
    await machine.until('systemctl show --property StatusText gatehouse', /connected to the cloud/);
    const session = await scene.open((await startTarget(t)).port, scene.child(CHILD));
    await echoes(session, 'as tedge');
    session.destroy();
    await machine.sh('systemctl stop gatehouse');
  },
);
