import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import { Command, gatehouse } from '../helpers/command.js';

function start(t: TestContext, ...args: string[]): Command {
  const command = new Command(args);
  t.after(() => command.discard());
  return command;
}

test('demo --once compares the bytes of eight sessions, shows one refusal and exits with 0', async () => {
  const { code, stdout, stderr } = await gatehouse(['demo', '--once']);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' }, stdout);
  const digests = [...stdout.matchAll(/^ {2}session (\d): .*sha256 ([0-9a-f]{16})… equal on both ends$/gm)];
  assert.deepEqual(
    digests.map(([, number]) => Number(number)),
    [1, 2, 3, 4, 5, 6, 7, 8],
  );
  assert.equal(new Set(digests.map(([, , digest]) => digest)).size, 8, 'eight different streams');
  assert.match(stdout, /Denied.*policy-denied: 127\.0\.0\.1:\d+ is not allowed/s);
  assert.doesNotMatch(stdout, /DIFFERS|NO REFUSAL/);
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`demo opens local ports through the cloud, says why the denied one is, and ends on ${signal} with 0`, async (t) => {
    const demo = start(t, 'demo');
    const [, url = ''] = await demo.printed(/curl (http:\/\/127\.0\.0\.1:\d+\/) /);
    const [, banner = ''] = await demo.printed(/nc 127\.0\.0\.1 (\d+)/);
    const [, denied = ''] = await demo.printed(/curl -m 3 (http:\/\/127\.0\.0\.1:\d+\/)/);
    const [, dashboard = ''] = await demo.printed(
      /live in a browser:\n\n {2}(http:\/\/127\.0\.0\.1:\d+\/)\n/,
    );
    await demo.printed(/Ctrl-C ends it/);
    assert.match(await (await fetch(dashboard)).text(), /<title>Gatehouse<\/title>/);
    const page = await fetch(url);
    assert.match(await page.text(), /<h1>HMI 3/);
    const line = connect(Number(banner), '127.0.0.1');
    const [greeting] = (await once(line, 'data')) as [Buffer];
    assert.match(greeting.toString(), /^PLC-7 maintenance port/);
    line.on('error', () => undefined);
    const refused = fetch(denied);
    refused.catch(() => undefined);
    await demo.printed(/policy-denied/);
    demo.kill(signal);
    const { code, stderr } = await demo.ended();
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    line.destroy();
    await assert.rejects(refused);
  });
}

test('the commands that demo suggests work', async (t) => {
  const demo = start(t, 'demo');
  const [, config = ''] = await demo.printed(/CONFIG=(\S+)/);
  const [, target = ''] = await demo.printed(/gatehouse explain (\S+) --config \$CONFIG/);
  await demo.printed(/Ctrl-C ends it/);
  const sessions = await gatehouse(['sessions', '--config', config]);
  assert.deepEqual([sessions.code, sessions.stdout], [0, 'No sessions.\n']);
  const explained = await gatehouse(['explain', target, '--config', config]);
  assert.equal(explained.code, 1);
  assert.match(explained.stdout, /denied \(policy-denied\)/);
});

test('simulate prints addresses and credentials that work, and ends on SIGINT with 0', async (t) => {
  const args = ['--port', '0', '--mqtt-port', '0', '--https-port', '0', '--device', 'gw-7', '--json'];
  const simulate = start(t, 'simulate', ...args);
  const [line] = await simulate.printed(/^\{.*\}$/m);
  interface Login {
    readonly tenant: string;
    readonly user: string;
    readonly password: string;
  }
  const { url, mqttUrl, httpsUrl, ca, operator, device } = JSON.parse(line) as {
    url: string;
    mqttUrl: string;
    httpsUrl: string;
    ca: string;
    operator: Login;
    device: Login & { id: string };
  };
  assert.match(httpsUrl, /^https:\/\/localhost:[1-9]\d*$/);
  assert.match(ca, /^-----BEGIN CERTIFICATE-----/);
  for (const { tenant, user, password } of [operator, device]) {
    const authorization = `Basic ${Buffer.from(`${tenant}/${user}:${password}`).toString('base64')}`;
    const answer = await fetch(`${url}/user/currentUser`, { headers: { authorization } });
    assert.equal(answer.status, 200);
  }
  const mqtt = connect(Number(new URL(mqttUrl).port), '127.0.0.1');
  await once(mqtt, 'connect');
  mqtt.destroy();
  simulate.kill('SIGINT');
  assert.deepEqual(await simulate.ended(), { code: 0, signal: null, stdout: `${line}\n`, stderr: '' });
});

test('simulate tells people what to do with it', async (t) => {
  const simulate = start(t, 'simulate', '--port', '0', '--device', 'gw-7');
  await simulate.printed(/Ctrl-C ends it/);
  assert.match(simulate.stdout, /^ *url: http:\/\/127\.0\.0\.1:[1-9]\d*$/m);
  simulate.kill('SIGTERM');
  assert.equal((await simulate.ended()).code, 0);
});
