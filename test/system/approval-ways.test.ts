import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { startAgent, startTarget } from '../helpers/agent-scene.js';
import { ASKING, create, final, post, request, waiting } from '../helpers/approval-scene.js';
import { serverIdentity } from '../helpers/certificates.js';
import { eventually } from '../helpers/eventually.js';
import * as gen from '../helpers/generations.js';
import { PlantMosquitto } from '../helpers/plant-mosquitto.js';
import { unlessMissing } from '../helpers/programs.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const NEEDS = unlessMissing('mosquitto', 'mosquitto_pub', 'mosquitto_sub');
const TOPIC = 'gatehouse/gw-7/approvals';
const ME = process.getuid?.() ?? 0;

/** The request in the directory, once it lies there. */
async function requestFile(directory: string, id: string): Promise<string> {
  const file = path.join(directory, `${id}.request.json`);
  await eventually(() => existsSync(file) || undefined, file);
  return file;
}

function empty(directory: string): Promise<true> {
  return eventually(() => readdirSync(directory).length === 0 || undefined, 'an empty directory');
}

test('a file beside the request approves it, another one denies it, and both are taken away', async (t) => {
  const directory = path.join(temporaryFolder(t), 'approvals');
  const agent = await startAgent(t, { sections: { conduits: ASKING, approval: { directory } } });
  const target = await startTarget(t);
  const approved = create(agent, target.port);
  const asked = await request(agent);
  const file = await requestFile(directory, asked.id);
  assert.equal(statSync(directory).mode & 0o777, 0o770);
  assert.equal(statSync(file).mode & 0o777, 0o640);
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), { ...asked, gateway: 'gw-7', generation: 1 });
  writeFileSync(path.join(directory, `${asked.id}.approve`), 'Ann\u001b[2J, line 3\n');
  assert.equal((await final(agent, approved)).status, 'SUCCESSFUL');
  const line = await agent.logged('session approved on site', { sessionId: asked.id });
  assert.deepEqual([line.by, line.way], [`Ann [2J, line 3 (user id ${ME})`, 'file']);
  await empty(directory);

  const denied = create(agent, target.port);
  const { id } = await request(agent);
  await requestFile(directory, id);
  // Both at once: no beats yes.
  writeFileSync(path.join(directory, `${id}.deny`), '');
  writeFileSync(path.join(directory, `${id}.approve`), '');
  const { failureReason = '' } = await final(agent, denied);
  assert.match(failureReason, new RegExp(`^approval-denied: .* by user id ${ME} \\(file\\);`));
  await empty(directory);
  assert.equal(target.connections.length, 1);
});

test('what is no plain answer in its own name does not count, and the log says why', async (t) => {
  const folder = temporaryFolder(t);
  const directory = path.join(folder, 'approvals');
  mkdirSync(directory);
  chmodSync(directory, 0o755);
  const agent = await startAgent(t, { sections: { conduits: ASKING, approval: { directory } } });
  const target = await startTarget(t);
  const elsewhere = path.join(folder, 'elsewhere');
  writeFileSync(elsewhere, '');
  const cases: [what: string, make: (file: string) => void, why: RegExp][] = [
    ['a link', (file) => symlinkSync(elsewhere, file), / is no regular file$/],
    ['a FIFO', (file) => execFileSync('mkfifo', [file]), / is no regular file$/],
    ['a directory', (file) => mkdirSync(file), / is no regular file$/],
    ['a second name', (file) => linkSync(elsewhere, file), / has a second name elsewhere/],
  ];
  if (ME === 0) {
    const owned = (file: string): void => {
      writeFileSync(`${elsewhere}-2`, '');
      chownSync(`${elsewhere}-2`, 4_711, 4_711);
      execFileSync('mv', [`${elsewhere}-2`, file]);
    };
    cases.push([
      'of somebody else',
      owned,
      / belongs to user id 4711, who may not write into this directory$/,
    ]);
  }
  for (const [what, make, why] of cases) {
    const operation = create(agent, target.port);
    const { id } = await request(agent);
    await requestFile(directory, id);
    make(path.join(directory, `${id}.approve`));
    const line = await agent.logged('an answer by file does not count', { id });
    assert.match(String(line.why), why, what);
    assert.equal((await waiting(agent, 1))[0]?.id, id, what);
    await post(agent, `${id}/deny`);
    await final(agent, operation);
  }
  // Names that are none of ours are not looked at.
  const operation = create(agent, target.port);
  const { id } = await request(agent);
  await requestFile(directory, id);
  for (const name of [
    '.approve',
    `${id}.approve.bak`,
    `${id.toUpperCase()}.approve`,
    `x${id}.approve`,
    '*.approve',
  ])
    if (name !== `${id}.approve`) writeFileSync(path.join(directory, name), '');
  assert.equal((await waiting(agent, 1))[0]?.id, id);
  await post(agent, `${id}/deny`);
  await final(agent, operation);
  assert.equal(target.connections.length, 0);
});

test('a directory in which everybody may write is not used, until it is repaired', async (t) => {
  const directory = path.join(temporaryFolder(t), 'approvals');
  mkdirSync(directory);
  chmodSync(directory, 0o777);
  const agent = await startAgent(t, { sections: { conduits: ASKING, approval: { directory } } });
  const target = await startTarget(t);
  const operation = create(agent, target.port);
  const { id } = await request(agent);
  const line = await agent.logged('the directory of approvals cannot be used');
  assert.match(String(line.why), /everybody on this machine could approve; run: chmod o-w /);
  writeFileSync(path.join(directory, `${id}.approve`), '');
  const parent = path.dirname(directory);
  chmodSync(parent, 0o777);
  chmodSync(directory, 0o770);
  const planted = await agent.logged('the directory of approvals cannot be used', {
    why: `it lies in ${parent}, where everybody on this machine may put things; run: chmod o-w ${parent}`,
  });
  assert.equal(planted.level, 'warn');
  chmodSync(parent, 0o700);
  assert.equal((await final(agent, operation)).status, 'SUCCESSFUL');
});

test('what a run that crashed has left is taken away, what others put there stays', async (t) => {
  const directory = path.join(temporaryFolder(t), 'approvals');
  mkdirSync(directory);
  chmodSync(directory, 0o770);
  const old = new Date(Date.now() - 3_600_000);
  const put = (name: string, content: string): void => {
    writeFileSync(path.join(directory, name), content);
    utimesSync(path.join(directory, name), old, old);
  };
  put('0000000001.approve', '');
  put('0000000002.request.json', JSON.stringify({ gateway: 'gw-7', generation: 1 }));
  put('0000000003.request.json', JSON.stringify({ gateway: 'another', generation: 1 }));
  put('readme.txt', '');
  const agent = await startAgent(t, { sections: { conduits: ASKING, approval: { directory } } });
  const stay = ['0000000003.request.json', 'readme.txt'];
  await eventually(() => readdirSync(directory).sort().join() === stay.join() || undefined, 'what stays');

  const target = await startTarget(t);
  const operation = create(agent, target.port);
  const file = await requestFile(directory, (await request(agent)).id);
  const [generation] = await gen.generations(agent);
  process.kill(generation?.pid ?? assert.fail(), 'SIGKILL');
  assert.match((await final(agent, operation)).failureReason ?? '', /^agent-restarted: /);
  await eventually(() => !existsSync(file) || undefined, 'the request of the run that crashed to be gone');
});

test('requests are retained messages, and a message answers them', NEEDS, async (t) => {
  const broker = await PlantMosquitto.start(t);
  const sections = { conduits: ASKING, approval: { mqttTopic: TOPIC }, plant: { mqttUrl: broker.url } };
  const agent = await startAgent(t, { sections });
  const target = await startTarget(t);
  const retained = () => broker.retained(`${TOPIC}/#`);
  for (const [message, by] of [
    ['approve', 'somebody'],
    ['{"answer": "approve", "by": "HMI\\u0007 line 3"}', 'HMI line 3'],
  ] as const) {
    const operation = create(agent, target.port);
    const asked = await request(agent);
    const topic = `${TOPIC}/${asked.id}/request`;
    const messages = await gen.poll(async () => {
      const all = await retained();
      return all.has(topic) ? all : undefined;
    }, 'the request at the broker');
    assert.deepEqual(JSON.parse(messages.get(topic) ?? ''), { ...asked, gateway: 'gw-7', generation: 1 });
    // What is no answer, and what answers nobody.
    for (const word of ['yes', '', '{"answer":"approve"', 'x'.repeat(2_000)])
      await broker.publish(`${TOPIC}/${asked.id}/answer`, word);
    for (const id of ['..', `${asked.id}0`, asked.id.toUpperCase(), '%2e', '0123456789'])
      await broker.publish(`${TOPIC}/${id}/answer`, 'deny');
    await broker.publish(`${TOPIC}/${asked.id}/answer`, message);
    await broker.publish(`${TOPIC}/${asked.id}/answer`, 'deny');
    await final(agent, operation);
    const line = await agent.logged('session approved on site', { sessionId: asked.id });
    assert.deepEqual([line.by, line.way], [by, 'MQTT']);
    await gen.poll(async () => !(await retained()).has(topic) || undefined, 'the request to be gone');
  }
});

test(
  'a denial by message, over TLS with a login; requests survive the broker, leftovers do not',
  NEEDS,
  async (t) => {
    const { ca, server } = await serverIdentity();
    const login = { user: 'gatehouse', password: 'canary-of-the-plant-broker' };
    const broker = await PlantMosquitto.start(t, {
      login,
      tls: { cert: server.cert, key: String(server.key), ca },
    });
    const caFile = path.join(temporaryFolder(t), 'ca.pem');
    writeFileSync(caFile, ca);
    const leftOver = JSON.stringify({ gateway: 'gw-7', generation: 1 });
    await broker.publish(`${TOPIC}/0000000001/request`, leftOver, '-r');
    await broker.publish(`${TOPIC}/0000000002/request`, leftOver.replace('gw-7', 'gw-8'), '-r');
    const plant = { mqttUrl: broker.url, mqttUser: login.user, mqttPassword: login.password, caFile };
    const agent = await startAgent(t, {
      sections: { conduits: ASKING, approval: { mqttTopic: TOPIC }, plant },
    });
    const target = await startTarget(t);
    const topics = (expected: readonly string[]) =>
      gen.poll(async () => {
        const ids = [...(await broker.retained(`${TOPIC}/#`)).keys()].map(
          (topic) => topic.split('/').at(-2) ?? '',
        );
        return ids.sort().join() === [...expected].sort().join() ? true : undefined;
      }, `${expected.join()} at the broker`);
    await topics(['0000000002']);
    const operation = create(agent, target.port);
    const { id } = await request(agent);
    await topics(['0000000002', id]);
    await broker.kill();
    const gone = create(agent, target.port);
    const [, second] = await waiting(agent, 2);
    await post(agent, `${second?.id ?? ''}/deny`);
    await final(agent, gone);
    await broker.start();
    await topics([id]);
    await broker.publish(`${TOPIC}/${id}/answer`, 'DENY\n');
    assert.match(
      (await final(agent, operation)).failureReason ?? '',
      /^approval-denied: .* by somebody \(MQTT\);/,
    );
    await topics([]);
    assert.equal(target.connections.length, 0);
  },
);
