import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dialProxy, dialTcp, dialTls, placeOf } from '../../../src/cli/check/dial.js';
import { runProbes } from '../../../src/cli/check/probe.js';
import { accountProbes } from '../../../src/cli/check/account-probe.js';
import type { Outcome, Probe, ProbeContext, ProbeResult } from '../../../src/cli/check/probe.js';
import { targetsOf } from '../../../src/cli/check/target-probes.js';
import { wayFailure } from '../../../src/cli/check/way-fault.js';
import { loadConfig } from '../../../src/config/load.js';
import { startTarget } from './check-cloud.js';

const loaded = loadConfig({
  env: { C8Y_BASEURL: 'https://acme.example.com', C8Y_TOKEN: 'token', GATEHOUSE_DEVICE_EXTERNAL_ID: 'gw-7' },
  cwd: '/',
  systemFile: '/no/such/file',
});
const CONTEXT: ProbeContext = { config: loaded.config, origin: loaded, facts: {}, now: Date.now };

function probe(id: string, run: Probe['run'], more: Partial<Probe> = {}): Probe {
  return { id, title: id, deadlineMs: 60_000, needs: [], run, ...more };
}

async function runAll(probes: readonly Probe[]): Promise<readonly ProbeResult[]> {
  return runProbes(probes, CONTEXT, { onStart: () => undefined, onResult: () => undefined });
}

const OK: Outcome = { status: 'ok', detail: 'fine' };
const FAILED: Outcome = {
  status: 'failed',
  fault: 'cloud-closed',
  detail: 'bad',
  advice: 'mend it',
  fixes: [],
  exit: 69,
};

test('a probe that never ends fails at its deadline, and the others still run', async () => {
  const results = await runAll([
    probe('stuck', () => new Promise(() => undefined), { deadlineMs: 20 }),
    probe('fine', () => Promise.resolve(OK)),
  ]);
  assert.equal(results[0]?.outcome.status, 'failed');
  assert.match(results[0].outcome.detail, /no answer within 0\.02 s/);
  assert.deepEqual(results[1]?.outcome, OK);
});

test('a probe that throws fails with what it threw', async () => {
  const [result] = await runAll([probe('broken', () => Promise.reject(new Error('oops')))]);
  assert.equal(result?.outcome.detail, 'oops');
});

test('a failure skips what needs it, directly or not; being skipped by itself does not', async () => {
  const results = await runAll([
    probe('a', () => Promise.resolve(FAILED)),
    probe('b', () => Promise.resolve(OK), { needs: ['a'] }),
    probe('c', () => Promise.resolve(OK), { needs: ['b'] }),
    probe('d', () => Promise.resolve({ status: 'skipped', detail: 'not configured' })),
    probe('e', () => Promise.resolve(OK), { needs: ['d'] }),
  ]);
  assert.deepEqual(
    results.map(({ outcome }) => outcome.status),
    ['failed', 'skipped', 'skipped', 'skipped', 'ok'],
  );
});

test('independent probes run 16 at a time and are told in order', async () => {
  let running = 0;
  let most = 0;
  const targets = Array.from({ length: 40 }, (_, index) =>
    probe(
      String(index),
      async () => {
        most = Math.max(most, ++running);
        for (let turn = index; turn < 40; turn++) await new Promise((resolve) => setImmediate(resolve));
        running--;
        return OK;
      },
      { isIndependent: true },
    ),
  );
  const results = await runAll(targets);
  assert.equal(most, 16);
  assert.deepEqual(
    results.map(({ id }) => Number(id)),
    [...Array(40).keys()],
  );
});

test('a proxy, and a TLS server, that say nothing are given up at the deadline with a sentence', async (t) => {
  const silent = await startTarget();
  t.after(() => silent.close());
  const place = { host: '127.0.0.1', port: silent.port };
  const trusted = { ca: undefined, minTlsVersion: 'TLSv1.2' } as const;
  const dials: readonly Probe['run'][] = [
    async (_, signal) => {
      await dialProxy({ ...place, user: undefined, password: undefined }, place, trusted, signal);
      return OK;
    },
    async (_, signal) => {
      await dialTls(await dialTcp(place, signal), place, trusted, signal);
      return OK;
    },
  ];
  const results = await runAll(
    dials.map((dial, index) =>
      probe(
        String(index),
        (context, signal) =>
          dial(context, signal).catch((error: unknown) =>
            wayFailure(context, { key: 'cloud.url', url: 'https://acme.example.com' }, error),
          ),
        { deadlineMs: 50 },
      ),
    ),
  );
  assert.deepEqual(
    results.map(
      ({ outcome }) => outcome.status === 'failed' && [outcome.fault, outcome.detail, outcome.exit],
    ),
    [
      ['proxy-unreachable', `127.0.0.1:${silent.port}: no answer within 0.05 s`, 69],
      ['cloud-silent', 'acme.example.com:443: no answer within 0.05 s', 69],
    ],
  );
});

test('the place of a URL has the usual port of its scheme', () => {
  assert.deepEqual(placeOf('https://acme'), { host: 'acme', port: 443, isTls: true });
  assert.deepEqual(placeOf('http://[::1]:8080'), { host: '::1', port: 8080, isTls: false });
  assert.deepEqual(placeOf('mqtts://acme'), { host: 'acme', port: 8883, isTls: true });
  assert.deepEqual(placeOf('mqtt://127.0.0.1'), { host: '127.0.0.1', port: 1883, isTls: false });
  assert.deepEqual(placeOf('wss://acme/mqtt'), { host: 'acme', port: 443, isTls: true });
});

test('root is told how to check for the user of the service, where there is one', async () => {
  const users = 'root:x:0:0::/root:/bin/sh\ngatehouse:x:994:994::/var/lib/gatehouse:/usr/sbin/nologin\n';
  const [probe, ...more] = accountProbes({ uid: 0, users });
  assert.ok(probe !== undefined && more.length === 0);
  const outcome = await probe.run(CONTEXT, AbortSignal.timeout(1_000));
  assert.ok(outcome.status === 'ok');
  assert.match(outcome.fixes?.[0]?.paste[0] ?? '', /^sudo runuser -u gatehouse -- gatehouse check/);
  assert.deepEqual(accountProbes({ uid: 994, users }), []);
  assert.deepEqual(accountProbes({ uid: 0, users: 'root:x:0:0::/root:/bin/sh\n' }), []);
});

test('only a conduit for one host and a few ports names its targets one by one', () => {
  const one = [{ from: 22, to: 22 }];
  const target = (host: string, ports = one): unknown =>
    targetsOf({
      name: 'a',
      host,
      ports,
      maxSessions: undefined,
      idleTimeoutMs: undefined,
      sessionDurationMs: undefined,
      window: undefined,
      timeZone: 'UTC',
      bandwidthBytesPerSecond: undefined,
      exclusive: false,
      approval: false,
      source: { file: 'f', line: 1 },
    });
  assert.deepEqual(target('plc.example'), [{ host: 'plc.example', port: 22 }]);
  assert.deepEqual(target('10.0.0.1/32'), [{ host: '10.0.0.1', port: 22 }]);
  assert.deepEqual(target('fd00::1/128'), [{ host: 'fd00::1', port: 22 }]);
  assert.deepEqual(target('10.0.0.0/31'), []);
  assert.deepEqual(target('fd00::/32'), []);
  assert.deepEqual(target('10.0.0.1', [{ from: 22, to: 23 }]), []);
  assert.deepEqual(target('10.0.0.1', [...one, { from: 80, to: 80 }]), [
    { host: '10.0.0.1', port: 22 },
    { host: '10.0.0.1', port: 80 },
  ]);
  const many = Array.from({ length: 9 }, (_, index) => ({ from: 80 + index, to: 80 + index }));
  assert.deepEqual(target('10.0.0.1', many), []);
});
