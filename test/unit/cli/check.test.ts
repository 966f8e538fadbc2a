import assert from 'node:assert/strict';
import { test } from 'node:test';
import { targetProbes } from '../../../src/cli/check/target-probes.js';
import { EXIT } from '../../../src/exit-codes.js';
import { closedPort } from '../../helpers/closed-port.js';
import { startTarget } from './check-cloud.js';
import { assertLines, cloud, configFor, loaded, open, run } from './check-run.js';

test('everything is fine on a tenant that knows the device', async (t) => {
  const tenant = await cloud(t);
  const result = await run(configFor(tenant.url));
  assertLines(
    result,
    /^ok {7}configuration: .*\.yaml$/m,
    /^skipped {2}cloud name: 127\.0\.0\.1 is an address$/m,
    /^skipped {2}proxy: none is configured$/m,
    /^ok {7}TCP: connected to 127\.0\.0\.1 port \d+$/m,
    /^skipped {2}TLS: /m,
    /^ok {7}clock: agrees with the cloud$/m,
    /^ok {7}credentials: accepted as gw$/m,
    /^ok {7}tenant: t1$/m,
    /^ok {7}managed object: c8y_Serial gw-7 is managed object 4711$/m,
    /^ok {7}supported operations: c8y_RemoteAccessConnect is declared$/m,
    /^ok {7}remote-access service: .* answers \(404 to a random key\)$/m,
    /^skipped {2}MQTT endpoint: intake\.kind is rest$/m,
  );
  assert.equal(result.exitCode, EXIT.done);
  assert.ok(tenant.requests.includes('UPGRADE /service/remoteaccess/device/KEY binary'));
});

test('a device that is not there yet is no failure', async (t) => {
  const tenant = await cloud(t, { status: { '/identity': 404 } });
  const result = await run(configFor(tenant.url));
  assertLines(result, /^ok {7}managed object: .* not there yet/m, /^skipped {2}supported operations: /m);
  assert.equal(result.exitCode, EXIT.done);
});

test('refused credentials end with 77, and what needs them is skipped', async (t) => {
  const tenant = await cloud(t);
  const result = await run(configFor(tenant.url, { cloud: { password: 'canary-wrong' } }));
  assertLines(
    result,
    /^failed {3}credentials: refused \(401\)\n {9}user or password are wrong[^]*\n {13}passwordFile: \/etc/m,
    /^skipped {2}tenant: needs credentials, which failed$/m,
    /^skipped {2}supported operations: needs managed-object, which was skipped$/m,
    /^skipped {2}remote-access service: needs credentials/m,
  );
  assert.equal(result.exitCode, EXIT.refused);
});

for (const [status, pattern, exitCode] of [
  [401, /remote-access service: .* does not let this device in \(401\)/, EXIT.refused],
  [403, /remote-access service: .* does not let this device in \(403\)[^]*not subscribed/, EXIT.failed],
  [410, /^ok {7}remote-access service/m, EXIT.done],
  [502, /remote-access service: .* answers 502 to a WebSocket upgrade/, EXIT.failed],
] as const) {
  test(`a remote-access service that answers ${status} is told as such`, async (t) => {
    const tenant = await cloud(t, { status: { '/service/remoteaccess': status } });
    const result = await run(configFor(tenant.url));
    assertLines(result, pattern);
    assert.equal(result.exitCode, exitCode);
  });
}

for (const [path_, status, pattern] of [
  ['/user', 500, /credentials: GET \/user\/currentUser was answered with 500\n.*wait[^]*curl -sI /],
  [
    '/identity',
    403,
    /managed object: gw may not read identities \(403\)[^]*--user gw --role ROLE_IDENTITY_READ/,
  ],
  ['/inventory', 403, /managed object: c8y_Serial gw-7 is a device that belongs to somebody else/],
] as const) {
  test(`a ${status} of ${path_} says what to do`, async (t) => {
    const tenant = await cloud(t, { status: { [path_]: status } });
    const result = await run(configFor(tenant.url));
    assertLines(result, pattern);
    assert.equal(result.exitCode, EXIT.failed);
  });
}

test('a user who may not read itself still has accepted credentials', async (t) => {
  const tenant = await cloud(t, { status: { '/user': 403, '/tenant/currentTenant': 403 } });
  assertLines(
    await run(configFor(tenant.url)),
    /^ok {7}credentials: accepted/m,
    /^skipped {2}tenant: .*\(403\)/m,
  );
});

test('a clock that is far off is told with its direction', async (t) => {
  const tenant = await cloud(t, { skewMs: 3_600_000 });
  const result = await run(configFor(tenant.url));
  assertLines(result, /^failed {3}clock: (3599|3600|3601) s behind the cloud\n[^]*timedatectl set-ntp true/m);
  assert.equal(result.exitCode, EXIT.failed);
});

test('another tenant than the configured one is named', async (t) => {
  const tenant = await cloud(t, { status: { '/user': 200, '/tenant/currentTenant': 200, '/identity': 200 } });
  const result = await run(configFor(tenant.url, { cloud: { tenant: 't2' } }));
  assertLines(result, /tenant: cloud\.tenant is t2, the credentials belong to t1\n[^]*\n {13}tenant: t1\n/);
});

test('a cloud that nobody answers for ends with 69', async () => {
  const result = await run(configFor(`http://127.0.0.1:${await closedPort()}`));
  assertLines(
    result,
    /^failed {3}TCP: .*ECONNREFUSED.*\n.*nothing listens on this port/m,
    /^skipped {2}TLS: needs tcp/m,
  );
  assert.equal(result.exitCode, EXIT.unreachable);
});

test('an invalid configuration ends with 78 before anything is connected', async (t) => {
  const tenant = await cloud(t);
  const result = await run(configFor(tenant.url, { conduits: [{ name: 'a', host: 'x', ports: [] }] }));
  assert.match(result.stderr, /failed {3}configuration\n.*conduits\[0\]\.ports is empty/);
  assert.equal(result.exitCode, EXIT.config);
  assert.deepEqual([result.stdout, tenant.requests], ['', []]);
  const asJson = await run({}, { json: true });
  const { problems } = JSON.parse(asJson.stdout) as { problems: { key: string }[] };
  assert.ok(problems.some(({ key }) => key === 'cloud.url'));
});

test('every conduit that is one host and port is tried once, networks and ranges are said to be skipped', async (t) => {
  const tenant = await cloud(t);
  const target = await open(t, startTarget());
  const closed = await closedPort();
  const result = await run(
    configFor(tenant.url, {
      conduits: [
        { name: 'hmi', host: '127.0.0.1', ports: [target.port] },
        { name: 'same', host: '127.0.0.1/32', ports: [target.port] },
        { name: 'off', host: '127.0.0.1', ports: [closed] },
        { name: 'range', host: '127.0.0.1', ports: [`${target.port}-${target.port + 1}`] },
        { name: 'network', host: '127.0.0.0/8', ports: [target.port] },
      ],
    }),
  );
  assertLines(
    result,
    /^ok {7}conduit hmi, same: connected/m,
    /^failed {3}conduit off: .*\n.*nothing listens/m,
  );
  assertLines(
    result,
    /^skipped {2}conduit range: ports \d+-\d+, not tried one by one$/m,
    /^skipped {2}conduit network: network 127\.0\.0\.0\/8, not tried one by one$/m,
  );
  assert.equal(target.requests.length, 1);
  assert.equal(result.exitCode, EXIT.failed);
});

test('every port of a short list is tried', async (t) => {
  const tenant = await cloud(t);
  const ports = [(await open(t, startTarget())).port, (await open(t, startTarget())).port];
  const result = await run(configFor(tenant.url, { conduits: [{ name: 'hmi', host: '127.0.0.1', ports }] }));
  for (const port of ports)
    assertLines(result, new RegExp(`^ok {7}conduit hmi: connected to 127\\.0\\.0\\.1:${port}$`, 'm'));
  assert.equal(result.exitCode, EXIT.done);
});

test('of very many conduits the first are tried or named, and the rest is counted', () => {
  const conduits = (count: number, host: (index: number) => string): unknown[] =>
    Array.from({ length: count }, (_, index) => ({
      name: `n${host(index).replace('/', '-')}`,
      host: host(index),
      ports: [22],
    }));
  const { config } = loaded({
    conduits: [
      ...conduits(502, (index) => `10.1.${Math.floor(index / 250)}.${1 + (index % 250)}`),
      ...conduits(103, (index) => `10.2.${index}.0/24`),
    ],
  });
  const probes = targetProbes(config);
  const count = (prefix: string): number => probes.filter(({ id }) => id.startsWith(prefix)).length;
  assert.deepEqual([count('target:'), count('conduit:')], [500, 100]);
  assert.deepEqual(
    probes.filter(({ id }) => id.startsWith('more-')).map(({ id }) => id),
    ['more-targets', 'more-conduits'],
  );
});

test('--json gives one document with every check', async (t) => {
  const tenant = await cloud(t);
  const { stdout } = await run(configFor(tenant.url), { json: true });
  const { ok, exitCode, checks } = JSON.parse(stdout) as {
    ok: boolean;
    exitCode: number;
    checks: { id: string }[];
  };
  assert.deepEqual([ok, exitCode], [true, 0]);
  assert.deepEqual(
    checks.map(({ id }) => id),
    [
      'admin',
      'state',
      'descriptors',
      'name',
      'proxy',
      'tcp',
      'tls',
      'clock',
      'certificate',
      'credentials',
      'tenant',
      'managed-object',
      'supported-operations',
      'remote-access',
      'mqtt',
      'conduit:all',
    ],
  );
});

test('--print shows every value with its source and probes nothing', async (t) => {
  const tenant = await cloud(t);
  const result = await run(configFor(tenant.url), { print: true });
  assertLines(
    result,
    /^cloud\.password +\[secret\] +# .*\.yaml:1$/m,
    /^limits\.sessions +10000 +# default$/m,
  );
  assert.deepEqual([result.exitCode, tenant.requests], [EXIT.done, []]);
  const asJson = await run(configFor(tenant.url), { print: true, json: true });
  const { values } = JSON.parse(asJson.stdout) as { values: { key: string; value: string }[] };
  assert.deepEqual(values.find(({ key }) => key === 'cloud.password')?.value, '[secret]');
});

test('a terminal sees progress and colours, a pipe neither', async (t) => {
  const tenant = await cloud(t);
  const live = await run(configFor(tenant.url), {}, true);
  assert.ok(
    /\| \d+\/16\s+TCP|[-/|\\] \d+\/16\s+credentials/.test(live.stdout) &&
      live.stdout.includes('\u001b[32mok\u001b[0m'),
  );
  const piped = await run(configFor(tenant.url));
  assert.ok(!piped.stdout.includes('\u001b') && !piped.stdout.includes('/13'));
});
