import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { MqttLink } from '../../../../src/cloud/mqtt-link.js';
import { MqttUplink } from '../../../../src/cloud/mqtt-uplink.js';
import { BridgeTokens } from '../../../../src/cloud/thin-edge/bridge-tokens.js';
import { until } from '../fixtures.js';
import { ScriptedBroker } from '../scripted-broker.js';

const TOPICS = { tokenRequest: 'c8y/s/uat' };

interface Scene {
  readonly broker: ScriptedBroker;
  readonly tokens: BridgeTokens;
  readonly link: MqttLink;
  readonly uplink: MqttUplink;
}

async function started(t: TestContext, answerMs = 2_000): Promise<Scene> {
  const broker = await ScriptedBroker.start();
  t.after(() => broker.stop());
  const uplink = new MqttUplink();
  const tokens = new BridgeTokens({ uplink, topics: TOPICS, answerMs });
  const link = await MqttLink.open(
    {
      transport: {
        url: `mqtt://127.0.0.1:${broker.port}`,
        ca: undefined,
        minTlsVersion: 'TLSv1.2',
        proxy: undefined,
        connectMs: 2_000,
      },
      clientId: 'gatehouse-c8y-test',
      login: () => undefined,
      keepAliveMs: 20_000,
      ackMs: 2_000,
      onMessage: (_topic, payload) => tokens.onMessage(payload),
    },
    new AbortController().signal,
  );
  t.after(() => link.destroy());
  await link.subscribe('c8y/s/dat');
  uplink.attach(link);
  return { broker, tokens, link, uplink };
}

const never = new AbortController().signal;
const asked = ({ broker }: Scene, times: number) =>
  until(() => broker.on('c8y/s/uat').length === times, `question ${times}`);

test('a token that is asked for is given, whatever else stands on the topic', async (t) => {
  const scene = await started(t);
  const token = scene.tokens.fetch(never);
  await asked(scene, 1);
  for (const noise of ['', '70,a,b,c', '71,', '71,two words', `71,${'x'.repeat(9_000)}`, '41,,no'])
    scene.broker.send('c8y/s/dat', noise);
  scene.broker.send('c8y/s/dat', '71,the.token.itself\n71,another');
  assert.equal(await token, 'the.token.itself');
});

test('an answer that is lost is asked for once more, and then given up', async (t) => {
  const scene = await started(t, 300);
  const token = scene.tokens.fetch(never);
  await asked(scene, 2);
  scene.broker.send('c8y/s/dat', '71,late.but.there');
  assert.equal(await token, 'late.but.there');
  await assert.rejects(scene.tokens.fetch(never), /brought no token/);
});

test('a refusal ends the wait at once and says what to do', async (t) => {
  const scene = await started(t, 20_000);
  const token = scene.tokens.fetch(never);
  await asked(scene, 1);
  scene.tokens.onRefused();
  await assert.rejects(token, /c8y\.credentials_path/);
});

test('without a connection, and when it ends, there is no token', async (t) => {
  const scene = await started(t, 300);
  scene.uplink.detach(scene.link);
  await assert.rejects(scene.tokens.fetch(never), /bridge of thin-edge\.io to the cloud is down/);
  scene.uplink.attach(scene.link);
  const token = scene.tokens.fetch(never);
  scene.link.destroy();
  await assert.rejects(token, /given up/);
});

test('a fetch that is given up asks no more', async (t) => {
  const scene = await started(t, 20_000);
  const own = new AbortController();
  const token = scene.tokens.fetch(own.signal);
  await asked(scene, 1);
  own.abort();
  await assert.rejects(token, /brought no token/);
  assert.equal(scene.broker.on('c8y/s/uat').length, 1);
});
