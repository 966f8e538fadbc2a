import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { connect, type ConnectOptions } from '../../../src/cli/connect.js';
import { client, operatorEnv, readAll, startConnect, TestIo } from './connect-helpers.js';
import { ENDPOINTS, PAGES, withCloud, type Pages } from './scripted-cloud.js';

const NEVER = new AbortController().signal;
const idle = (): void => undefined;

/** As a URL parser writes it (WHATWG: a quote is escaped in a query). */
function queryOf(text: string): string {
  return encodeURIComponent(text).replaceAll("'", '%27');
}

/** Runs connect to its end with other arguments or environment, against a cloud. */
async function outcome(
  options: Partial<ConnectOptions>,
  env: Record<string, string> = {},
  pages: Pages = PAGES,
): Promise<{ code: number; err: string }> {
  let result = { code: -1, err: '' };
  await withCloud(
    idle,
    async (cloud) => {
      const io = new TestIo({ ...operatorEnv(cloud), ...env });
      const code = await connect({ device: 'gw-7', configuration: 'plc-ssh', ...options }, io, NEVER);
      result = { code, err: io.err };
    },
    pages,
  );
  assert.doesNotMatch(result.err, /secret/);
  return result;
}

test('finds device and endpoint, asks for a binary tunnel without compression, and says what to try', () =>
  withCloud(
    (socket) => socket.on('message', (message: Buffer) => socket.send(message)),
    async (cloud) => {
      const io = new TestIo(operatorEnv(cloud));
      const stop = new AbortController();
      const exit = connect({ device: 'gw-7', configuration: 'plc-ssh' }, io, stop.signal);
      const [, port] = await io.until('out', /ssh -p (\d+) user@127\.0\.0\.1/);
      const socket = await client(Number(port));
      socket.write('hello');
      assert.deepEqual(await once(socket, 'data'), [Buffer.from('hello')]);
      assert.deepEqual(cloud.requests, [
        'GET /user/currentUser',
        'GET /identity/externalIds/c8y_Serial/gw-7',
        'GET /service/remoteaccess/devices/40511/configurations',
        'UPGRADE /service/remoteaccess/client/40511/configurations/1',
      ]);
      assert.deepEqual(cloud.offers, [{ protocol: 'binary', extensions: undefined }]);
      socket.end();
      stop.abort();
      assert.equal(await exit, 0);
      assert.match(io.out, /leads to 10\.0\.5\.7:22 behind gw-7/);
    },
  ));

test('finds a device by managed-object id and by name, and an endpoint by id', async () => {
  const name = "O'Hara line 3";
  const query = queryOf("$filter=(name eq 'O''Hara line 3')");
  const pages = {
    ...PAGES,
    '/inventory/managedObjects/40511': { id: '40511' },
    [`/inventory/managedObjects?pageSize=20&query=${query}`]: {
      managedObjects: [
        { id: '1', name: `${name} b` },
        { id: '40511', name },
      ],
    },
  };
  for (const device of ['40511', name]) {
    await withCloud(
      idle,
      async (cloud) => {
        const running = await startConnect(cloud, { device, configuration: '3' });
        assert.match(running.io.out, /"id":"3","name":"web"/);
        assert.equal(await running.stop(), 0);
      },
      pages,
    );
  }
});

test('an unknown device, or a name that several have, is said', async () => {
  const none = await outcome({ device: 'gw-8' });
  assert.equal(none.code, 1);
  assert.match(none.err, /No device "gw-8"/);
  const query = queryOf("$filter=(name eq 'twin')");
  const twins = {
    managedObjects: [
      { id: '1', name: 'twin' },
      { id: '2', name: 'twin' },
    ],
  };
  const two = await outcome(
    { device: 'twin' },
    {},
    {
      ...PAGES,
      [`/inventory/managedObjects?pageSize=20&query=${query}`]: twins,
    },
  );
  assert.equal(two.code, 1);
  assert.match(two.err, /ids 1, 2/);
});

test('a device name never climbs the path', async () => {
  await withCloud(idle, async (cloud) => {
    const io = new TestIo(operatorEnv(cloud));
    await connect({ device: '..', configuration: 'x' }, io, NEVER);
    await connect({ device: '../../user', configuration: 'x' }, io, NEVER);
    for (const request of cloud.requests)
      assert.match(
        request,
        /^GET \/(user\/currentUser|identity\/externalIds\/c8y_Serial\/|inventory\/managedObjects\?)/,
      );
  });
});

test('an unknown endpoint is answered with the list of usable ones', async () => {
  const { code, err } = await outcome({ configuration: 'plc' });
  assert.equal(code, 1);
  assert.match(err, /no endpoint "plc"/);
  assert.match(err, /1 {2}"plc-ssh" {2}10\.0\.5\.7:22\n {2}3 {2}"web"/);
  assert.doesNotMatch(err, /hmi/);
});

test('an endpoint whose protocol the cloud speaks itself is refused with the reason', async () => {
  const { code, err } = await outcome({ configuration: 'hmi' });
  assert.equal(code, 1);
  assert.match(err, /"hmi" is of type "VNC"/);
});

test('wrong credentials exit with 77, an unreachable cloud with 69', async () => {
  assert.equal((await outcome({}, { C8Y_PASSWORD: 'wrong' })).code, 77);
  assert.equal((await outcome({}, { C8Y_TOKEN: 'wrong' })).code, 77);
  const away = await outcome({}, { C8Y_BASEURL: 'http://127.0.0.1:1' });
  assert.equal(away.code, 69);
  assert.match(away.err, /127\.0\.0\.1:1/);
});

test('missing settings are named all at once', async () => {
  const { code, err } = await outcome({}, { C8Y_BASEURL: '', C8Y_USER: '' });
  assert.equal(code, 64);
  assert.match(err, /C8Y_BASEURL.*C8Y_USER/);
});

for (const url of ['http://example.com', 'ftp://example.com', 'example.com', 'https://u:p@example.com']) {
  test(`refuses ${url} before anything is sent`, async () => {
    assert.equal((await outcome({ url })).code, 64);
  });
}

test('takes the password from a file, without its line end', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-connect-'));
  const passwordFile = path.join(folder, 'password');
  writeFileSync(passwordFile, 'secret\n', { mode: 0o600 });
  try {
    const { code } = await outcome({ passwordFile, configuration: 'none' }, { C8Y_PASSWORD: 'wrong' });
    assert.equal(code, 1, 'it got as far as the endpoints');
    chmodSync(passwordFile, 0o644);
    const open = await outcome({ passwordFile });
    assert.match(open.err, /everybody on this machine has access to .* run: chmod 600 /);
    assert.equal(open.code, 64);
    const missing = await outcome({ passwordFile: `${passwordFile}-2` });
    assert.equal(missing.code, 64);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('with once it ends after the first connection', () =>
  withCloud(
    (socket) => {
      socket.send('bye');
      socket.close(1000);
    },
    async (cloud) => {
      const { port, exit } = await startConnect(cloud, { once: true });
      const socket = await client(port);
      assert.equal((await readAll(socket)).toString(), 'bye');
      socket.end();
      assert.equal(await exit, 0);
      await assert.rejects(client(port), { code: 'ECONNREFUSED' });
    },
  ));

test('with once a refused tunnel decides the exit code', async () => {
  let upgrades = 0;
  await withCloud(
    () => (upgrades += 1),
    async (cloud) => {
      const io = new TestIo(operatorEnv(cloud));
      const options = { device: 'gw-7', configuration: 'plc-ssh', once: true, json: true };
      const exit = connect(options, io, NEVER);
      const [, port] = await io.until('out', /"port":(\d+)/);
      const socket = await client(Number(port));
      socket.on('error', () => undefined);
      assert.equal(await exit, 69);
      assert.equal(upgrades, 0);
      socket.destroy();
    },
    { ...PAGES, upgradeStatus: 503 },
  );
});

test('with stdio it tunnels standard input and output and prints nothing else', () =>
  withCloud(
    (socket) =>
      socket.on('message', (message: Buffer) => {
        socket.send(Buffer.concat([Buffer.from('>'), message]));
        socket.close(1000);
      }),
    async (cloud) => {
      const io = new TestIo(operatorEnv(cloud));
      io.stdin.end('SSH-2.0-x');
      const options = { device: 'gw-7', configuration: 'plc-ssh', stdio: true };
      assert.equal(await connect(options, io, NEVER), 0);
      assert.equal(Buffer.concat(io.received).toString(), '>SSH-2.0-x');
      assert.deepEqual([io.out, io.err], ['', '']);
    },
  ));

test('a port that is taken is said', () =>
  withCloud(idle, async (cloud) => {
    const io = new TestIo(operatorEnv(cloud));
    const options = { device: 'gw-7', configuration: 'plc-ssh', listen: cloud.port };
    assert.equal(await connect(options, io, NEVER), 1);
    assert.match(io.err, /EADDRINUSE/);
  }));

test('stopping ends open connections and exits with 0', () =>
  withCloud(
    (socket) => {
      socket.send('there');
    },
    async (cloud) => {
      const { port, stop } = await startConnect(cloud);
      const socket = await client(port);
      await once(socket, 'data');
      const rest = readAll(socket);
      const exit = stop();
      assert.equal((await rest).length, 0);
      socket.end();
      assert.equal(await exit, 0);
    },
  ));

test('the list of endpoints may hold anything', async () => {
  const path = '/service/remoteaccess/devices/40511/configurations';
  for (const list of [
    null,
    {},
    [null, 1, 'x', {}, { id: '../x' }, { id: 4, name: 'plc-ssh' }],
    [[ENDPOINTS]],
  ]) {
    const { code, err } = await outcome({}, {}, { ...PAGES, [path]: list });
    assert.equal(code, 1);
    assert.match(err, /It has none of type PASSTHROUGH/);
  }
});
