import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { WebSocket } from 'ws';
import { describeCloud } from '../../../simulator/cloud.js';
import { curl, hasCurl, shell } from '../../helpers/simulator/curl.js';
import { call, type Running, runningCloud } from '../../helpers/simulator/running-cloud.js';
import {
  clientFrame,
  deviceUrl,
  dialOpen,
  keyOf,
  LIMIT_MS,
  nextMessage,
  nextOperation,
  rawRequest,
  read,
} from '../../helpers/simulator/tunnel-ends.js';

/*
 * What remote-access clients send, call by call and header by header, as their sources have it.
 */

/** Joins the device end of the next operation and sends everything back in capitals. */
async function shoutingDevice(running: Running): Promise<void> {
  const operation = await nextOperation(running.cloud);
  const headers = { Authorization: running.device };
  const device = new WebSocket(deviceUrl(running.cloud, keyOf(operation)), ['binary'], { headers });
  device.on('message', (payload: Buffer) => device.send(Buffer.from(payload.toString().toUpperCase())));
  await once(device, 'open', { signal: AbortSignal.timeout(LIMIT_MS) });
}

test('c8ylp: OAuth login, identity, inventory, roles, then a WebSocket without subprotocol', async (t) => {
  const running = await runningCloud(t);
  const { cloud, deviceId } = running;
  const options = await call(`${cloud.url}/tenant/loginOptions`, undefined);
  const internal = (options.json.loginOptions as Record<string, string>[]).find(
    ({ type }) => type === 'OAUTH2_INTERNAL',
  );
  const tenant = /tenant_id=(\w+)/.exec(internal?.initRequest ?? '')?.[1];
  assert.equal(tenant, 't0815');
  const { user, password } = cloud.operator;
  const login = await fetch(`${cloud.url}/tenant/oauth?tenant_id=${tenant}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ grant_type: 'PASSWORD', username: user, password, tfa_code: '' }).toString(),
  });
  assert.equal(login.status, 200);
  const cookies = Object.fromEntries(
    login.headers.getSetCookie().map((line) => (line.split(';')[0] ?? '').split('=') as [string, string]),
  );
  const xsrf = cookies['XSRF-TOKEN'] ?? '';
  const cookie = `authorization=${cookies.authorization ?? ''}; XSRF-TOKEN=${xsrf}`;
  const headers = { 'Content-Type': 'application/json', Cookie: cookie, 'X-XSRF-TOKEN': xsrf };
  const get = (resource: string) => call(`${cloud.url}${resource}`, undefined, 'GET', undefined, headers);
  const identity = await get('/identity/externalIds/c8y_Serial/gw-1');
  assert.equal((identity.json.managedObject as { id: string }).id, deviceId);
  const object = await get(`/inventory/managedObjects/${deviceId}`);
  const [endpoint] = object.json.c8y_RemoteAccessList as { id: string; protocol: string }[];
  assert.equal(endpoint?.protocol, 'PASSTHROUGH');
  const roles = (await get('/user/currentUser')).json.effectiveRoles as { id: string }[];
  assert.ok(roles.some(({ id }) => id === 'ROLE_REMOTE_ACCESS_ADMIN'));
  const device = shoutingDevice(running);
  const address = `${cloud.url}/service/remoteaccess/client/${deviceId}/configurations/${endpoint.id}`;
  // The order and spelling of Python's websocket-client.
  const { socket, head } = await rawRequest(address, [
    'Upgrade: websocket',
    `Host: ${new URL(cloud.url).host}`,
    `Origin: ${cloud.url}`,
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
    'Connection: Upgrade',
    'Content-Type: application/json',
    `X-XSRF-TOKEN: ${xsrf}`,
    `Cookie: ${cookie}`,
  ]);
  t.after(() => socket.destroy());
  assert.match(head, /^HTTP\/1\.1 101 [^]*sec-websocket-protocol: binary/i);
  const answer = read(socket, 7);
  socket.write(clientFrame('hello'));
  assert.deepEqual(await answer, Buffer.from('\x82\x05HELLO', 'latin1'));
  await device;
});

test('go-c8y-cli: device by name, configurations, then a WebSocket over ws://', async (t) => {
  const running = await runningCloud(t);
  const { cloud, operator, deviceId } = running;
  const query = new URLSearchParams({
    pageSize: '5',
    query: "$filter=(name eq 'gw-1') and has(c8y_IsDevice) $orderby=name",
  });
  const headers = { Accept: 'application/json', 'User-Agent': 'go-client', 'X-Application': 'go-client' };
  const get = (resource: string) => call(`${cloud.url}${resource}`, operator, 'GET', undefined, headers);
  const devices = await get(`/inventory/managedObjects?${query.toString()}`);
  assert.deepEqual(
    (devices.json.managedObjects as { id: string }[]).map(({ id }) => id),
    [deviceId],
  );
  const { json: list } = await get(`/service/remoteaccess/devices/${deviceId}/configurations?pageSize=50`);
  assert.ok(Array.isArray(list));
  const [configuration] = list as { id: string; name: string }[];
  assert.equal(configuration?.name, 'hmi');
  assert.equal((await get('/tenant/currentTenant')).json.name, 't0815');
  const device = shoutingDevice(running);
  const address = `${cloud.url}/service/remoteaccess/client/${deviceId}/configurations/${configuration.id}`;
  // The order and spelling of Go's net/http under gorilla/websocket.
  const { socket, head } = await rawRequest(address, [
    `Host: ${new URL(cloud.url).host}`,
    'User-Agent: Go-http-client/1.1',
    `Authorization: ${operator}`,
    'Connection: Upgrade',
    'Content-Type: application/json',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
    'Upgrade: websocket',
  ]);
  t.after(() => socket.destroy());
  assert.match(head, /^HTTP\/1\.1 101 [^]*sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/i);
  const answer = read(socket, 7);
  socket.write(clientFrame('hello'));
  assert.deepEqual(await answer, Buffer.from('\x82\x05HELLO', 'latin1'));
  await device;
});

test('cloud-http-proxy: subscriptions, the XSRF option, then WebSockets with a cookie alone', async (t) => {
  const running = await runningCloud(t);
  const { cloud, operator, deviceId, configurationId } = running;
  const { json } = await call(`${cloud.url}/application/currentApplication/subscriptions`, operator);
  assert.equal((json.users as unknown[]).length, 1);
  const option = `${cloud.url}/tenant/options/jwt/xsrf-validation.enabled`;
  assert.equal((await call(option, operator, 'PUT', { value: 'false' })).status, 200);
  const user = cloud.platform.users.get('operator') ?? assert.fail();
  const { value } = cloud.platform.users.issueToken(user, { cookie: true });
  const device = shoutingDevice(running);
  const address = `${cloud.url}/service/remoteaccess/client/${deviceId}/configurations/${configurationId}`;
  const client = await dialOpen(`${address.replace('http', 'ws')}?XSRF-TOKEN=old`, {
    Cookie: `authorization=${value}`,
  });
  const answer = nextMessage(client);
  client.send('get / http/1.1', { binary: true });
  assert.equal((await answer).payload.toString(), 'GET / HTTP/1.1');
  await device;
});

test(
  'curl reads and writes, in the clear and over TLS with the own authority',
  { skip: !hasCurl },
  async (t) => {
    const { cloud, deviceId } = await runningCloud(t, { httpsPort: 0 });
    const { tenant, user, password } = cloud.operator;
    const folder = mkdtempSync(path.join(tmpdir(), 'simulator-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const ca = path.join(folder, 'ca.pem');
    writeFileSync(ca, cloud.ca ?? '');
    const login = `${tenant}/${user}:${password}`;
    for (const url of [
      cloud.url,
      cloud.httpsUrl ?? '',
      cloud.httpsUrl?.replace('localhost', '127.0.0.1') ?? '',
    ]) {
      const json = await curl('--cacert', ca, '-u', login, `${url}/inventory/managedObjects/${deviceId}`);
      const { self, name } = JSON.parse(json) as { self: string; name: string };
      assert.deepEqual([self, name], [`${url}/inventory/managedObjects/${deviceId}`, 'gw-1']);
    }
    await assert.rejects(curl('-u', login, `${cloud.httpsUrl ?? ''}/user/currentUser`));
    const status = await curl(
      '-o',
      path.join(folder, 'out'),
      '-w',
      '%{http_code}',
      `${cloud.url}/user/currentUser`,
    );
    assert.equal(status, '401');
  },
);

test('the lines that describe a cloud work when pasted into a shell', { skip: !hasCurl }, async (t) => {
  const { cloud, deviceId } = await runningCloud(t, { httpsPort: 0, mqttPort: 0 });
  const text = describeCloud(cloud).join('\n');
  for (const address of [cloud.url, cloud.httpsUrl, cloud.mqttUrl])
    assert.ok(text.includes(address ?? 'missing'));
  const commands = text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => line.trim().startsWith('curl'));
  assert.equal(commands.length, 4);
  for (const command of commands) await shell(command.replace('/ID/', `/${deviceId}/`));
  assert.equal(cloud.platform.configurations.list(deviceId).length, 2);
  assert.equal(cloud.faults.get().requests?.length, 1);
  assert.ok(cloud.requests.list().every(({ status }) => status < 400));
});
