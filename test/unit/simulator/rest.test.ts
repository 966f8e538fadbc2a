import assert from 'node:assert/strict';
import { request } from 'node:http';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { BOOTSTRAP } from '../../../simulator/platform.js';
import { basic, call, runningCloud } from '../../helpers/simulator/running-cloud.js';

/** A request with exactly these headers: fetch would add an Accept of its own. */
async function bare(
  url: string,
  method: string,
  headers: Record<string, string>,
  body: string,
): Promise<string> {
  const sent = request(url, { method, headers });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return `${response.statusCode ?? 0} ${Buffer.concat(chunks).toString()}`;
}

test('a request without or with wrong credentials gets 401 and how to log in', async (t) => {
  const { cloud } = await runningCloud(t);
  for (const authorization of [undefined, 'Basic bm8=', 'Basic dDA4MTUvb3BlcmF0b3I6bm8=', 'Bearer no']) {
    const { status, headers, json } = await call(`${cloud.url}/user/currentUser`, authorization);
    assert.equal(status, 401);
    assert.equal(headers.get('www-authenticate'), 'Basic realm="Cumulocity"');
    assert.equal(json.error, 'security/Unauthorized');
    assert.match(headers.get('content-type') ?? '', /vnd\.com\.nsn\.cumulocity\.error\+json/);
    assert.ok(!Number.isNaN(Date.parse(headers.get('date') ?? '')));
  }
});

test('users log in with tenant/user, with user alone and with a token', async (t) => {
  const { cloud, operator } = await runningCloud(t);
  const { user, password } = cloud.operator;
  const token = cloud.platform.users.issueToken(cloud.platform.users.login(user, password) ?? assert.fail());
  const short = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  for (const authorization of [operator, short, `Bearer ${token.value}`]) {
    const { json } = await call(`${cloud.url}/user/currentUser`, authorization);
    assert.equal(json.userName, 'operator');
    const roles = (json.effectiveRoles as { id: string }[]).map(({ id }) => id);
    assert.ok(roles.includes('ROLE_REMOTE_ACCESS_ADMIN'));
  }
  assert.equal((await call(`${cloud.url}/user/logout`, `Bearer ${token.value}`, 'POST')).status, 200);
  assert.equal((await call(`${cloud.url}/user/currentUser`, `Bearer ${token.value}`)).status, 401);
});

test('a token is refused once it has expired', async (t) => {
  const clock = { ms: 1_000_000 };
  const { cloud } = await runningCloud(t, { now: () => clock.ms, tokenLifeMs: 60_000 });
  const user = cloud.platform.users.get('operator') ?? assert.fail();
  const bearer = `Bearer ${cloud.platform.users.issueToken(user).value}`;
  assert.equal((await call(`${cloud.url}/user/currentUser`, bearer)).status, 200);
  clock.ms += 60_000;
  assert.equal((await call(`${cloud.url}/user/currentUser`, bearer)).status, 401);
});

test('the inventory merges at the top level, replaces arrays and removes what is null', async (t) => {
  const { cloud, operator } = await runningCloud(t);
  const url = `${cloud.url}/inventory/managedObjects`;
  const made = await call(url, operator, 'POST', {
    name: 'a',
    c8y_Hardware: { model: 'x', serial: 'y' },
    list: [1, 2],
  });
  assert.equal(made.status, 201);
  assert.equal(made.headers.get('location'), made.json.self);
  const self = String(made.json.self);
  await call(self, operator, 'PUT', { c8y_Hardware: { model: 'z' }, list: [3], id: '1', owner: 'me' });
  const { json } = await call(self, operator);
  assert.deepEqual(json.c8y_Hardware, { model: 'z' });
  assert.deepEqual(json.list, [3]);
  assert.equal(json.owner, 'operator');
  assert.equal(json.id, made.json.id);
  await call(self, operator, 'PUT', { list: null });
  assert.equal('list' in (await call(self, operator)).json, false);
  assert.equal((await call(self, operator, 'DELETE')).status, 204);
  const gone = await call(self, operator);
  assert.equal(gone.status, 404);
  assert.equal(gone.json.error, 'inventory/Not Found');
});

test('the inventory is searched by name, fragment and ids', async (t) => {
  const { cloud, operator, deviceId } = await runningCloud(t);
  cloud.registerDevice("it's");
  const names = async (query: string): Promise<unknown[]> => {
    const { json } = await call(`${cloud.url}/inventory/managedObjects?${query}`, operator);
    return (json.managedObjects as { name: string }[]).map(({ name }) => name);
  };
  const search = (query: string) => names(new URLSearchParams({ query }).toString());
  assert.deepEqual(await search("(name eq 'gw-1') and has(c8y_IsDevice)"), ['gw-1']);
  assert.deepEqual(await search("$filter=(name eq 'gw*') $orderby=name"), ['gw-1']);
  assert.deepEqual(await search("name eq 'it''s'"), ["it's"]);
  assert.deepEqual(await search('not(has(c8y_RemoteAccessList))'), ["it's"]);
  assert.deepEqual(await names(`ids=${deviceId},1`), ['gw-1']);
  const bad = await call(`${cloud.url}/inventory/managedObjects?query=name+eq`, operator);
  assert.equal(bad.status, 422);
});

test('external ids are unique, percent-encoded and 404 when unknown', async (t) => {
  const { cloud, operator, deviceId } = await runningCloud(t);
  const bind = (externalId: string) =>
    call(`${cloud.url}/identity/globalIds/${deviceId}/externalIds`, operator, 'POST', {
      type: 'c8y_Serial',
      externalId,
    });
  assert.equal((await bind('a;b/c d')).status, 201);
  assert.equal((await bind('a;b/c d')).status, 409);
  const found = await call(`${cloud.url}/identity/externalIds/c8y_Serial/a%3Bb%2Fc%20d`, operator);
  assert.equal((found.json.managedObject as { id: string }).id, deviceId);
  const missing = await call(`${cloud.url}/identity/externalIds/c8y_Serial/other`, operator);
  assert.equal(missing.status, 404);
  assert.equal(missing.json.error, 'identity/Not Found');
});

test('POST and PUT without Accept succeed with an empty body', async (t) => {
  const { cloud, operator, deviceId } = await runningCloud(t);
  const { id } = cloud.createOperation(deviceId, {});
  const type = 'application/vnd.com.nsn.cumulocity.operation+json';
  const headers = { Authorization: operator, 'Content-Type': type };
  const url = `${cloud.url}/devicecontrol/operations`;
  assert.equal(await bare(`${url}/${id}`, 'PUT', headers, '{"status":"EXECUTING"}'), '200 ');
  assert.equal(await bare(url, 'POST', headers, JSON.stringify({ deviceId })), '201 ');
  assert.match(
    await bare(`${url}/${id}`, 'PUT', { ...headers, Accept: type }, '{"status":"FAILED"}'),
    /^200 \{/,
  );
  assert.match(await bare(`${url}/${id}`, 'PUT', headers, '{"status":"no"}'), /^422 \{/);
  assert.match(await bare(`${url}/${id}`, 'PUT', headers, '{'), /^400 \{/);
  const override = { ...headers, Accept: type, 'X-HTTP-METHOD': 'PUT' };
  assert.match(
    await bare(`${url}/${id}`, 'POST', override, '{"status":"SUCCESSFUL"}'),
    /"status":"SUCCESSFUL"/,
  );
});

test('configurations are written flat, read nested, and mirrored in the inventory', async (t) => {
  const { cloud, operator, deviceId, configurationId } = await runningCloud(t);
  const url = `${cloud.url}/service/remoteaccess/devices/${deviceId}/configurations`;
  const flat = {
    name: 'ssh',
    hostname: '127.0.0.1',
    port: '22',
    protocol: 'SSH',
    credentialsType: 'USER_PASS',
  };
  const wrong = await call(url, operator, 'POST', flat);
  assert.equal(wrong.status, 422);
  assert.match(String(wrong.json.message), /username is mandatory with USER_PASS/);
  const made = await call(url, operator, 'POST', { ...flat, username: 'ops', password: 's3cret' });
  assert.equal(made.status, 201);
  assert.equal(made.json.port, 22);
  const credentials = made.json.credentials as Record<string, unknown>;
  assert.equal(credentials.type, 'USER_PASS');
  assert.equal(credentials.hostKey, null);
  assert.match(String(credentials.password), /^\{cipher\}/);
  const { json: list } = await call(url, operator);
  assert.ok(Array.isArray(list));
  assert.deepEqual(
    list.map(({ id }: { id: string }) => id),
    [configurationId, made.json.id],
  );
  const object = await call(`${cloud.url}/inventory/managedObjects/${deviceId}`, operator);
  assert.deepEqual(object.json.c8y_RemoteAccessList, list);
  const item = `${url}/${String(made.json.id)}`;
  const replaced = await call(item, operator, 'PUT', {
    name: 'web',
    hostname: 'h',
    port: 80,
    protocol: 'PASSTHROUGH',
  });
  assert.equal(replaced.json.name, 'web');
  assert.equal((await call(item, operator, 'DELETE')).status, 204);
  assert.equal((await call(item, operator)).status, 404);
});

test('a new device registers: asked for, polled, accepted, given its credentials once', async (t) => {
  const { cloud, operator } = await runningCloud(t);
  const bootstrap = basic({ ...BOOTSTRAP, user: BOOTSTRAP.name });
  const poll = (authorization = bootstrap) =>
    call(`${cloud.url}/devicecontrol/deviceCredentials`, authorization, 'POST', { id: 'gw-7' });
  const request = `${cloud.url}/devicecontrol/newDeviceRequests`;
  assert.equal((await poll()).status, 404);
  assert.equal((await poll(operator)).status, 403);
  assert.equal((await call(request, operator, 'POST', { id: 'gw-7' })).json.status, 'WAITING_FOR_CONNECTION');
  assert.equal((await call(`${request}/gw-7`, operator, 'PUT', { status: 'ACCEPTED' })).status, 422);
  assert.equal((await poll()).status, 404);
  assert.equal((await call(`${request}/gw-7`, operator)).json.status, 'PENDING_ACCEPTANCE');
  assert.equal(
    (await call(`${request}/gw-7`, operator, 'PUT', { status: 'ACCEPTED' })).json.status,
    'ACCEPTED',
  );
  const { status, json } = await poll();
  assert.equal(status, 201);
  assert.deepEqual([json.tenantId, json.username], ['t0815', 'device_gw-7']);
  const user = basic({ tenant: 't0815', user: 'device_gw-7', password: String(json.password) });
  assert.equal((await call(`${cloud.url}/user/currentUser`, user)).status, 200);
  assert.equal((await poll()).status, 404);
});

test('tenant facts, options and subscriptions are there', async (t) => {
  const { cloud, operator } = await runningCloud(t);
  assert.equal((await call(`${cloud.url}/tenant/currentTenant`, operator)).json.name, 't0815');
  const head = await fetch(`${cloud.url}/tenant/currentTenant`, {
    method: 'HEAD',
    headers: { Authorization: operator },
  });
  assert.equal(head.status, 200);
  assert.equal(await head.text(), '');
  const option = `${cloud.url}/tenant/options/jwt/xsrf-validation.enabled`;
  assert.equal((await call(option, operator)).status, 404);
  assert.equal((await call(option, operator, 'PUT', { value: 'false' })).json.value, 'false');
  assert.equal((await call(option, operator)).json.value, 'false');
  const { json } = await call(`${cloud.url}/application/currentApplication/subscriptions`, operator);
  const [user] = json.users as { tenant: string; name: string; password: string }[];
  const service = basic({
    tenant: user?.tenant ?? '',
    user: user?.name ?? '',
    password: user?.password ?? '',
  });
  assert.equal((await call(`${cloud.url}/tenant/currentTenant`, service)).status, 200);
});

test('what does not exist gets 404, and a wrong method 405', async (t) => {
  const { cloud, operator } = await runningCloud(t);
  assert.equal((await call(`${cloud.url}/nothing/here`, operator)).status, 404);
  assert.equal((await call(`${cloud.url}/user/currentUser`, operator, 'DELETE')).status, 405);
  assert.equal((await call(`${cloud.url}/inventory/managedObjects/%E0%A4%A`, operator)).status, 404);
});
