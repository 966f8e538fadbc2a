import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { echoes, startTarget } from '../helpers/agent-scene.js';
import { serverIdentity } from '../helpers/certificates.js';
import { Command } from '../helpers/command.js';
import { eventually } from '../helpers/eventually.js';
import { findProgram, unlessMissing } from '../helpers/programs.js';
import { UP } from '../helpers/scene.js';
import { ThinEdgeScene } from '../helpers/thin-edge-scene.js';

const NEEDS = unlessMissing('mosquitto', 'mosquitto_pub');

/** How often a line stands in the log of a process. */
const count = ({ stdout }: Command, line: string): number => stdout.split(line).length - 1;

test(
  'over a reload the old generation tells its own statuses, and the new one has the operations',
  NEEDS,
  async (t) => {
    const scene = await ThinEdgeScene.start(t, { withAgent: false, children: ['plc-3'] });
    const target = await startTarget(t);
    const agent = new Command(['run', '--config', scene.configFile], { cwd: scene.folder });
    t.after(() => agent.discard());
    await agent.printed(/connected to the cloud/);
    const session = await scene.open(target.port);
    await echoes(session, 'before');
    const slow = scene.create(target.port, { deviceId: scene.child('plc-3'), answerMs: 8_000 });
    await scene.story(slow, 'PENDING EXECUTING');
    agent.kill('SIGHUP');
    await eventually(() => count(agent, 'connected to the cloud') >= 2 || undefined, 'the new generation');
    const fresh = scene.create(target.port);
    await scene.story(fresh, UP);
    await scene.story(slow, UP);
    await echoes(session, 'after');
    session.destroy();
    scene.ledger.assertOneFinalStatusEach();
    assert.equal(scene.requests('GET', '/service/remoteaccess/device/'), 3, 'each was dialled once');
  },
);

test(
  'an agent that is killed while it connects fails the operation of a child in the topic of that child',
  NEEDS,
  async (t) => {
    const scene = await ThinEdgeScene.start(t, { withAgent: false, children: ['plc-3'] });
    const target = await startTarget(t);
    const run = (): Command => {
      const agent = new Command(['run', '--config', scene.configFile], { cwd: scene.folder });
      t.after(() => agent.discard());
      return agent;
    };
    const first = run();
    await first.printed(/connected to the cloud/);
    const id = scene.create(target.port, { deviceId: scene.child('plc-3'), answerMs: 30_000 });
    await scene.story(id, 'PENDING EXECUTING');
    first.killAll('SIGKILL');
    await first.ended();
    const second = run();
    await second.printed(/connected to the cloud/);
    await scene.story(id, 'PENDING EXECUTING FAILED agent-restarted');
  },
);

test('a broker that wants user and password gets them from where thin-edge.io has them', NEEDS, async (t) => {
  const scene = await ThinEdgeScene.start(t, {
    broker: (folder) => {
      const file = path.join(folder, 'passwords');
      const { status } = spawnSync(findProgram('mosquitto_passwd') ?? '', [
        '-b',
        '-c',
        file,
        'gatehouse',
        'canary-mqtt',
      ]);
      assert.equal(status, 0);
      return ['allow_anonymous false', `password_file ${file}`];
    },
    toml: 'auth.username = "gatehouse"\nauth.password_file = "mqtt-password"\n',
    files: () => ({ 'mqtt-password': 'canary-mqtt\n' }),
  });
  const target = await startTarget(t);
  await scene.story(scene.create(target.port), UP);
});

test('a broker that does not let us in is told, and taken as soon as it does', NEEDS, async (t) => {
  const scene = await ThinEdgeScene.start(t, { broker: () => ['allow_anonymous false'], withAgent: false });
  await scene.run({ waitForLink: false });
  await scene.logged(
    'the broker refused the connection: the credentials or permissions do not suffice (CONNACK 5)',
  );
  await scene.broker.kill();
  await scene.broker.start(['allow_anonymous true']);
  await scene.agent?.gateway.connected();
  const target = await startTarget(t);
  await scene.story(scene.create(target.port), UP);
});

test('a broker that wants TLS and a client certificate gets those of thin-edge.io', NEEDS, async (t) => {
  const { ca, server } = await serverIdentity();
  const scene = await ThinEdgeScene.start(t, {
    broker: (folder) => {
      const [certificate, key, roots] = ['broker.crt', 'broker.key', 'clients.crt'].map((name) =>
        path.join(folder, name),
      );
      return [
        `certfile ${certificate}`,
        `keyfile ${key}`,
        `cafile ${roots}`,
        'require_certificate true',
        'allow_anonymous true',
      ];
    },
    files: async (cloud) => {
      const client = await cloud.issueDeviceCertificate('gatehouse');
      return {
        'broker.crt': server.cert,
        'broker.key': server.key.toString(),
        'clients.crt': cloud.ca ?? '',
        'root.crt': ca,
        'client.crt': client.cert,
        'client.key': client.key,
      };
    },
    toml: 'auth.ca_file = "root.crt"\nauth.cert_file = "client.crt"\nauth.key_file = "client.key"\n',
  });
  const target = await startTarget(t);
  await scene.story(scene.create(target.port), UP);
});
