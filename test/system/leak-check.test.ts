import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import type { Operation } from '../../simulator/store/operations.js';
import { AgentProcess } from '../helpers/agent-process.js';
import { Canaries } from '../helpers/canaries.js';
import { assertNoLeak, secretsIn } from '../helpers/leak-check.js';
import { World } from '../helpers/world.js';

/* Every test that starts an agent ends with a search for its secrets. Here leaks are planted, so that it can be trusted. */

const SECRET = 'p%ss w"rd/+=ü&<42>\\';

describe('the search finds a secret', () => {
  const bytes = Buffer.from(SECRET);
  const json = JSON.stringify(SECRET).slice(1, -1);
  for (const [what, text] of [
    ['as it is', SECRET],
    ['percent-encoded', encodeURIComponent(SECRET)],
    [
      'percent-encoded in lower case',
      encodeURIComponent(SECRET).replaceAll(/%../g, (one) => one.toLowerCase()),
    ],
    ['JSON-escaped', json],
    ['JSON-escaped twice', JSON.stringify(json).slice(1, -1)],
    ['in hexadecimal', bytes.toString('hex')],
    ['in base64', bytes.toString('base64')],
    ['in base64 behind one byte', Buffer.concat([Buffer.from(':'), bytes]).toString('base64')],
    [
      'in base64 behind two bytes',
      Buffer.concat([Buffer.from('a:'), bytes, Buffer.from('z')]).toString('base64'),
    ],
    ['in an Authorization header', `Basic ${Buffer.from(`t0815/device_gw-7:${SECRET}`).toString('base64')}`],
    ['in base64url', Buffer.from(`xy${SECRET}`).toString('base64url')],
  ] as const) {
    test(what, () => {
      const canaries = new Canaries().add('the password', SECRET);
      for (const place of [text, `${text} in front`, `behind ${text}`, `x${text}x`]) {
        const found = canaries.findIn(place, 'a log') ?? '';
        assert.match(found, /^the password \([\w -]+\) is in a log: …/);
        assert.ok(!found.includes(SECRET), 'the finding does not show the secret');
      }
    });
  }

  test('among ten thousand others, each of them', () => {
    const keys = Array.from({ length: 10_000 }, () => randomUUID());
    const canaries = new Canaries();
    for (const [index, key] of keys.entries()) canaries.add(`key ${index}`, key);
    for (const index of [0, 1, 4_999, 9_999]) {
      assert.match(canaries.findIn(`… ${keys[index] ?? ''} …`, 'a log') ?? '', new RegExp(`^key ${index} `));
    }
    assert.equal(canaries.findIn(randomUUID().repeat(1_000), 'a log'), undefined);
  });

  test('and nothing where there is none', () => {
    const canaries = new Canaries().add('the password', SECRET).add('too short', 'abc');
    for (const text of ['', 'abc', SECRET.slice(1), SECRET.slice(0, -1), '[redacted:password]']) {
      assert.equal(canaries.findIn(text, 'a log'), undefined, text);
    }
  });
});

test('the secrets of a configuration are those of its keys for passwords, tokens and proxies', () => {
  assert.deepEqual(
    secretsIn({
      cloud: {
        url: 'https://a.example',
        password: 'one-secret',
        proxy: 'http://u:two%20secret@p.example:3128',
      },
      admin: { listen: '127.0.0.1:0', token: 'three-secret' },
    }),
    { 'cloud.password': 'one-secret', 'cloud.proxy': 'two secret', 'admin.token': 'three-secret' },
  );
});

test('a secret in a failure reason, or in the environment unless the test put it there, is a leak', () => {
  const key = randomUUID();
  const operation = {
    id: '17',
    deviceId: '1',
    agentId: '1',
    status: 'FAILED',
    creationTime: '',
    failureReason: `cloud-key-unknown: ${key}`,
    c8y_RemoteAccessConnect: { connectionKey: key },
  } satisfies Operation;
  assert.throws(
    () => assertNoLeak({ secrets: {}, operations: [operation] }),
    /connection key of operation 17/,
  );
  const traces = new Map([['/proc/1/environ', `A=b\0C=${SECRET}\0`]]);
  const known = { secrets: { password: SECRET }, operations: [] };
  assert.throws(() => assertNoLeak(known, traces), /password \(as it is\) is in \/proc\/1\/environ/);
  assertNoLeak({ ...known, env: { C: SECRET } }, traces);
});

describe('stopping fails the test', () => {
  async function agentWithLeak(
    t: TestContext,
    leak: (agent: AgentProcess) => Promise<void> | void,
    expected: RegExp,
  ) {
    const agent = await AgentProcess.start();
    t.after(() => agent.command.discard());
    await leak(agent);
    await assert.rejects(agent.stop(), expected);
  }

  test('when the device has its password in a file that the agent could have written', (t) =>
    agentWithLeak(
      t,
      (agent) => {
        const file = path.join(agent.folder, 'report.20260101.json');
        writeFileSync(file, JSON.stringify({ environmentVariables: { X: agent.device.password } }));
      },
      /the device's password \(as it is\) is in \S+report\.20260101\.json/,
    ));

  test('when a connection key is on the standard error', (t) =>
    agentWithLeak(
      t,
      async (agent) => {
        const connectionKey = randomUUID();
        const fragment = { hostname: '127.0.0.1', port: 1, connectionKey };
        agent.cloud.createOperation(agent.device.id, { c8y_RemoteAccessConnect: fragment });
        await agent.finalOperation();
        agent.command.stderr += `Error: GET /service/remoteaccess/device/${connectionKey}`;
      },
      /the connection key of operation \d+ \(as it is\) is in standard error/,
    ));

  test('when a secret of the agent is in the environment of the process', async (t) => {
    // The password of a child that is told to the agent by its environment, but that the test claims not to have given.
    const token = randomUUID();
    const env = { GATEHOUSE_ADMIN_TOKEN: token };
    const agent = await AgentProcess.start({ env, waitForLink: false });
    t.after(() => agent.command.discard());
    const sections = { admin: { token } };
    Object.assign(agent, { options: { sections } });
    await assert.rejects(agent.stop(), /admin\.token \(as it is\) is in \/proc\/\d+\/environ/);
  });

  test('when a world logs a secret', async () => {
    const world = await World.start();
    (world.log as string[]).push(`password ${world.device.password}`);
    await assert.rejects(world.stop(), /the device's password \(as it is\) is in chunk \d+ of the log/);
  });
});
