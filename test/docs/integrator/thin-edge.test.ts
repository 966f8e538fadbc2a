import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parse, stringify } from 'yaml';
import { echoes, startTarget } from '../../helpers/agent-scene.js';
import { Command, gatehouse } from '../../helpers/command.js';
import { readPage, runPage } from '../../helpers/page-commands.js';
import { unlessMissing } from '../../helpers/programs.js';
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
  unlessMissing('mosquitto'),
  async (t) => {
    const scene = await ThinEdgeScene.start(t, { withAgent: false, children: [CHILD] });
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
      },
      'sudo systemctl stop gatehouse': async () => {
        agent?.kill('SIGTERM');
        assert.equal((await agent?.ended())?.code, 0);
      },
      [`sudo gatehouse thin-edge remove --child ${CHILD}`]: async (command) => {
        assert.equal((await run(command)).code, 0);
        assert.equal(readFileSync(file, 'utf8'), STOCK);
      },
    });
  },
);
