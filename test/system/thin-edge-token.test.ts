import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { echoes, startTarget } from '../helpers/agent-scene.js';
import { Command, gatehouse } from '../helpers/command.js';
import { unlessMissing } from '../helpers/programs.js';
import { UP } from '../helpers/scene.js';
import { ThinEdgeScene } from '../helpers/thin-edge-scene.js';

const NEEDS = unlessMissing('mosquitto', 'mosquitto_pub');
const TUNNEL = '/service/remoteaccess/device/';

/** How many tokens the cloud has handed out to the device. */
function tokensOf(scene: ThinEdgeScene): () => number {
  let count = 0;
  const { users } = scene.cloud.platform;
  const issue = users.issueToken.bind(users);
  users.issueToken = (user, options) => {
    if (user.deviceExternalId === 'gw-7') count += 1;
    return issue(user, options);
  };
  return () => count;
}

test(
  'where thin-edge.io logs in with a certificate, one token serves all tunnels of its life',
  NEEDS,
  async (t) => {
    const scene = await ThinEdgeScene.start(t, { login: 'certificate', children: ['plc-3'] });
    const tokens = tokensOf(scene);
    const target = await startTarget(t);
    const session = await scene.open(target.port);
    await echoes(session, 'with a token');
    const child = await scene.open(target.port, scene.child('plc-3'));
    await echoes(child, 'with the same token');
    session.destroy();
    child.destroy();
    const upgrades = scene.cloud.requests.list('GET', TUNNEL);
    assert.deepEqual(
      upgrades.map(({ authorization, status }) => [authorization, status]),
      [
        ['bearer', 101],
        ['bearer', 101],
      ],
    );
    assert.equal(tokens(), 1);
  },
);

test(
  'a token that the cloud no longer takes is fetched anew once, and the session comes up',
  NEEDS,
  async (t) => {
    const scene = await ThinEdgeScene.start(t, {
      login: 'certificate',
      // Two fetches may follow each other as closely as the test makes them.
      timing: { tokenGapMs: 0 },
    });
    const tokens = tokensOf(scene);
    const target = await startTarget(t);
    await scene.story(scene.create(target.port), UP);
    scene.cloud.platform.users.expireTokens();
    await scene.story(scene.create(target.port), UP);
    assert.equal(tokens(), 2);
    const statuses = scene.cloud.requests.list('GET', TUNNEL).map(({ status }) => status);
    assert.deepEqual(statuses, [101, 401, 101]);
  },
);

test('a token is fetched anew before it ends', NEEDS, async (t) => {
  // Of its two seconds the last fifth is given up.
  const scene = await ThinEdgeScene.start(t, { login: 'certificate', cloud: { tokenLifeMs: 2_000 } });
  const tokens = tokensOf(scene);
  const target = await startTarget(t);
  await scene.story(scene.create(target.port), UP);
  const endMs = Date.now() + 20_000;
  while (tokens() < 2 && Date.now() < endMs) await scene.story(scene.create(target.port), UP);
  assert.ok(tokens() >= 2);
  const refused = scene.cloud.requests.list('GET', TUNNEL).filter(({ status }) => status === 401);
  assert.deepEqual(refused, []);
});

test(
  'without credentials for a device that logs in with a password, the failure says what to do',
  NEEDS,
  async (t) => {
    const scene = await ThinEdgeScene.start(t, { bridgeTokens: true, authMethod: 'certificate' });
    const target = await startTarget(t);
    const id = scene.create(target.port);
    await scene.story(id, 'PENDING FAILED cloud-unauthorized');
    assert.match(scene.cloud.platform.operations.get(id).failureReason ?? '', /c8y\.credentials_path/);
    assert.equal(target.connections.length, 0);
  },
);

test('check fetches a token and tries the tunnel with it', NEEDS, async (t) => {
  const scene = await ThinEdgeScene.start(t, { login: 'certificate', withAgent: false });
  await scene.bridged();
  await gatehouse(['thin-edge', 'install', '--config-dir', scene.folder]);
  const { code, stdout } = await gatehouse(['check', '--config', scene.configFile], { cwd: scene.folder });
  assert.match(stdout, /^ok {7}token: /m);
  assert.match(stdout, /^ok {7}remote-access service: /m);
  assert.equal(code, 0, stdout);
  assert.doesNotMatch(stdout, /eyJ/, 'the token is not shown');
});

test('a password that changes in the credentials file is taken without a restart', NEEDS, async (t) => {
  const scene = await ThinEdgeScene.start(t, { withAgent: false });
  const target = await startTarget(t);
  const agent = new Command(['run', '--config', scene.configFile], { cwd: scene.folder });
  t.after(() => agent.discard());
  await agent.printed(/connected to the cloud/);
  await scene.story(scene.create(target.port), UP);
  scene.cloud.platform.users.addDevice('gw-7', 'canary-new-password');
  const login = `username = "${scene.device.tenant}/${scene.device.user}"\npassword = "canary-new-password"\n`;
  writeFileSync(path.join(scene.folder, 'credentials.toml'), `[c8y]\n${login}`, { mode: 0o600 });
  await agent.printed(/new credentials are in force/);
  await scene.story(scene.create(target.port), UP);
  assert.doesNotMatch(agent.stdout + agent.stderr, /canary-new-password/);
});
