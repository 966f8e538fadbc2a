import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { gatehouse } from '../helpers/command.js';
import { BRIDGE_HEALTH } from '../helpers/mosquitto.js';
import { unlessMissing } from '../helpers/programs.js';
import { ThinEdgeScene } from '../helpers/thin-edge-scene.js';

const NEEDS = unlessMissing('mosquitto', 'mosquitto_pub');

interface Finding {
  readonly id: string;
  readonly status: string;
  readonly detail: string;
  readonly fault?: string;
  readonly fixes?: readonly { readonly paste: readonly string[] }[];
}

/** `gatehouse check --json` with the configuration of a scene. */
async function check(scene: ThinEdgeScene): Promise<{ code: number | null; of: (id: string) => Finding }> {
  const { code, stdout } = await gatehouse(['check', '--json', '--config', scene.configFile], {
    cwd: scene.folder,
  });
  const { checks } = JSON.parse(stdout) as { checks: Finding[] };
  const of = (id: string) => checks.find((one) => one.id === id) ?? assert.fail(`no ${id} in ${stdout}`);
  return { code, of };
}

const install = (scene: ThinEdgeScene, ...args: string[]) =>
  gatehouse(['thin-edge', 'install', '--config-dir', scene.folder, ...args]);

test(
  'check finds broker, bridge and operation files of thin-edge.io, and says what to do',
  NEEDS,
  async (t) => {
    const scene = await ThinEdgeScene.start(t, { withAgent: false, children: ['plc-3'] });
    await scene.bridged();
    const before = await check(scene);
    assert.equal(before.code, 1);
    assert.equal(before.of('operation-files').fault, 'operation-file');
    const fixes = before.of('operation-files').fixes?.flatMap(({ paste }) => paste) ?? [];
    assert.deepEqual(fixes, [
      `sudo gatehouse thin-edge install --config-dir ${scene.folder} --child plc-3`,
      'sudo systemctl restart tedge-mapper-c8y',
    ]);
    assert.equal((await install(scene, '--child', 'plc-3')).code, 0);
    const after = await check(scene);
    for (const id of ['local-broker', 'bridge', 'operation-files', 'credentials', 'remote-access'])
      assert.equal(after.of(id).status, 'ok', `${id}: ${after.of(id).detail}`);
    assert.equal(after.code, 0);
  },
);

test('a bridge that is down and a stock plug-in that is back are found', NEEDS, async (t) => {
  const scene = await ThinEdgeScene.start(t, { withAgent: false });
  await scene.bridged();
  await scene.broker.publish(BRIDGE_HEALTH, '0', '-r');
  writeFileSync(
    path.join(scene.folder, 'operations', 'c8y', 'c8y_RemoteAccessConnect'),
    '[exec]\ncommand = "c8y-remote-access-plugin"\ntopic = "c8y/s/ds"\non_message = "530"\n',
  );
  const { of, code } = await check(scene);
  assert.notEqual(code, 0);
  assert.equal(of('bridge').fault, 'bridge-down');
  assert.match(of('operation-files').detail, /plug-in of thin-edge\.io/);
});

test('a broker that is not there, and one that wants a login, are told apart', NEEDS, async (t) => {
  const scene = await ThinEdgeScene.start(t, { withAgent: false, broker: () => ['allow_anonymous false'] });
  assert.equal((await check(scene)).of('local-broker').fault, 'local-broker-refuses');
  await scene.broker.kill();
  const { of } = await check(scene);
  assert.equal(of('local-broker').fault, 'local-broker-unreachable');
  assert.equal(of('bridge').status, 'skipped');
});
