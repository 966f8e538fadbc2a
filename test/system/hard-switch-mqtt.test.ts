import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { StatusView } from '../../src/admin/backend.js';
import type { AgentProcess } from '../helpers/agent-process.js';
import { echoes, startAgent, startTarget } from '../helpers/agent-scene.js';
import { create, final } from '../helpers/approval-scene.js';
import { eventually } from '../helpers/eventually.js';
import * as gen from '../helpers/generations.js';
import { PlantMosquitto } from '../helpers/plant-mosquitto.js';
import { unlessMissing } from '../helpers/programs.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const NEEDS = unlessMissing('mosquitto', 'mosquitto_pub', 'mosquitto_passwd');
const TOPIC = 'plant/hall-7/remote-access';

function switchIs(agent: AgentProcess, state: 'on' | 'off', why = /./): Promise<StatusView['switch']> {
  return gen.poll(async () => {
    const view = (await gen.ask<StatusView>(agent, '/api/status'))?.switch;
    return view?.state === state && (state === 'on' || why.test(view.reason ?? '')) ? view : undefined;
  }, `a switch that is ${state}`);
}

test('a retained message is the switch; without one it is off', NEEDS, async (t) => {
  const broker = await PlantMosquitto.start(t);
  const sections = { switch: { mqttTopic: TOPIC }, plant: { mqttUrl: broker.url } };
  const agent = await startAgent(t, { sections, waitForLink: false });
  const target = await startTarget(t);
  const { reason = '' } = await switchIs(agent, 'off', /has no retained message/);
  assert.match(reason, /To turn it on, publish the word on, retained, to plant\/hall-7\/remote-access\.$/);
  assert.match((await final(agent, create(agent, target.port))).failureReason ?? '', /^switched-off: /);
  // Not retained, it would be gone with the next connection, and nobody would know why.
  await broker.publish(TOPIC, 'on');
  for (let time = 0; time < 20; time += 1) await broker.publish(TOPIC, 'on');
  await broker.publish(TOPIC, 'off', '-r');
  await switchIs(agent, 'off', /says off/);
  await broker.publish(TOPIC, 'on');
  await broker.publish(TOPIC, 'on', '-r');
  await switchIs(agent, 'on');
  assert.deepEqual(agent.log().filter(({ msg }) => msg === 'the hard switch is on').length, 1);
  await agent.ready();
  for (const [message, why] of [
    ['off', /says off/],
    ['', /is empty/],
    ['maybe', /neither on nor off/],
  ] as const) {
    const tunnel = await agent.open(target);
    await echoes(tunnel, `before ${message}`);
    await broker.publish(TOPIC, message, '-r');
    tunnel.resume();
    assert.equal((await eventually(() => tunnel.ending, 'the end')).detail, 'switched-off');
    await switchIs(agent, 'off', why);
    await broker.publish(TOPIC, 'ON', '-r');
    await switchIs(agent, 'on');
  }
});

for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
  const what = signal === 'SIGKILL' ? 'killed' : 'stopped, with its connections open,';
  test(`a broker that is ${what} is off; when it is back its message counts again`, NEEDS, async (t) => {
    const broker = await PlantMosquitto.start(t);
    await broker.publish(TOPIC, '1', '-r');
    const sections = { switch: { mqttTopic: TOPIC }, plant: { mqttUrl: broker.url } };
    const agent = await startAgent(t, { sections });
    const target = await startTarget(t);
    const tunnel = await agent.open(target);
    await echoes(tunnel, 'open');
    const atMs = performance.now();
    broker.signal(signal);
    tunnel.resume();
    assert.equal((await eventually(() => tunnel.ending, 'the end')).detail, 'switched-off');
    t.diagnostic(`closed ${Math.round(performance.now() - atMs)} ms after the broker was gone`);
    await switchIs(agent, 'off', /the broker is not there/);
    if (signal === 'SIGSTOP') broker.signal('SIGCONT');
    else {
      await broker.start();
      await switchIs(agent, 'off', /has no retained message/);
      await broker.publish(TOPIC, '1', '-r');
    }
    await switchIs(agent, 'on');
    await echoes(await agent.open(target), 'again');
  });
}

test('with a file and a topic both have to be on; the broker wants a login', NEEDS, async (t) => {
  const login = { user: 'gatehouse', password: 'canary-of-the-plant-broker' };
  const broker = await PlantMosquitto.start(t, { login });
  const file = path.join(temporaryFolder(t), 'switch');
  writeFileSync(file, 'on');
  const plant = { mqttUrl: broker.url, mqttUser: login.user, mqttPassword: login.password };
  const agent = await startAgent(t, {
    sections: { switch: { file, mqttTopic: TOPIC }, plant },
    waitForLink: false,
  });
  await switchIs(agent, 'off', /has no retained message/);
  await broker.publish(TOPIC, 'on', '-r');
  await switchIs(agent, 'on');
  writeFileSync(file, 'off');
  await switchIs(agent, 'off', /switch\.file\) says off/);
  await broker.publish(TOPIC, 'off', '-r');
  writeFileSync(file, 'on');
  await switchIs(agent, 'off', /switch\.mqttTopic, broker 127\.0\.0\.1:\d+\) says off/);
});

test('a broker that refuses the login is told of in a sentence, and the switch is off', NEEDS, async (t) => {
  const broker = await PlantMosquitto.start(t, {
    login: { user: 'gatehouse', password: 'the-right-password' },
  });
  const plant = { mqttUrl: broker.url, mqttUser: 'gatehouse', mqttPassword: 'canary-wrong-password' };
  const agent = await startAgent(t, {
    sections: { switch: { mqttTopic: TOPIC }, plant },
    waitForLink: false,
  });
  await switchIs(agent, 'off', /refused the connection: .*credentials/);
  await agent.logged("the plant's broker is not there");
});
