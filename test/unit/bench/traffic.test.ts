import assert from 'node:assert/strict';
import { connect, createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { measure, type Result } from '../../../bench/traffic/measurement.js';
import { DEFAULTS, type TrafficSettings } from '../../../bench/traffic/settings.js';
import { Traffic } from '../../../bench/traffic/traffic.js';
import { Authority } from '../../../simulator/tls/authority.js';
import { until, untilTrue } from '../../helpers/until.js';

const SHORT = {
  ...DEFAULTS,
  role: 'self',
  sessions: 3,
  warmUpMs: 20,
  durationMs: 200,
  windowMs: 100,
} as const;

/** A run of the generator's two ends joined to each other. */
async function run(settings: TrafficSettings): Promise<{ result: Result; windows: number }> {
  const authority = settings.tls ? await Authority.create() : undefined;
  const traffic = new Traffic(
    settings,
    authority && { ca: authority.ca, ...(await authority.issueServer()) },
  );
  let windows = 0;
  const ignore = (): void => undefined;
  const events = { onUp: ignore, onStart: ignore, onWindow: () => void (windows += 1) };
  try {
    await traffic.listen();
    void traffic.dial();
    return { result: await until('the result', measure(traffic.tally, settings, events)), windows };
  } finally {
    traffic.stop();
  }
}

for (const tls of [false, true]) {
  const kind = tls ? 'wss' : 'ws';

  test(`bytes go both ways over ${kind} and are all right`, async () => {
    const { result, windows } = await run({ ...SHORT, mode: 'both', tls });
    assert.deepEqual(result.sentences, []);
    assert.ok(result.upBytes > 0, 'up');
    assert.ok(result.downBytes > 0, 'down');
    assert.equal(windows, 2);
  });

  test(`sessions over ${kind} open, exchange and close, one after the other`, async () => {
    const { result } = await run({ ...SHORT, mode: 'churn', tls });
    assert.deepEqual(result.sentences, []);
    assert.ok(result.setups > 0);
  });
}

test('echoes are timed, also beside sessions at full speed', async () => {
  for (const mode of ['echo', 'up'] as const) {
    const { result } = await run({ ...SHORT, mode, echoSessions: 1 });
    assert.deepEqual(result.sentences, []);
    assert.ok((result.roundTrips?.count ?? 0) > 0, mode);
  }
});

test('idle sessions come up and move nothing', async () => {
  const { result } = await run({ ...SHORT, mode: 'idle' });
  const { upBytes, downBytes, faults } = result;
  assert.deepEqual({ upBytes, downBytes, faults }, { upBytes: 0, downBytes: 0, faults: 0 });
});

/** A TCP relay to a port that does something to what goes up, once 1 MB has passed. */
async function badRelay(
  targetPort: () => number,
  damage: (bytes: Buffer) => Buffer,
): Promise<{ port: number; close: () => void }> {
  const server = createServer((client) => {
    const target = connect(targetPort(), '127.0.0.1');
    let passed = 0;
    target.on('data', (bytes) => {
      const isNow = passed < 1_000_000 && passed + bytes.length >= 1_000_000;
      passed += bytes.length;
      client.write(isNow ? damage(bytes) : bytes);
    });
    client.on('data', (bytes) => target.write(bytes));
    for (const [one, other] of [
      [client, target],
      [target, client],
    ] as const) {
      one.on('error', () => undefined);
      one.on('close', () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

const DAMAGES: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  'flips a bit': (bytes) => Buffer.concat([Buffer.from([bytes.readUInt8(0) ^ 1]), bytes.subarray(1)]),
  'loses a byte': (bytes) => bytes.subarray(1),
  'loses a whole read': () => Buffer.alloc(0),
  'sends something twice': (bytes) => Buffer.concat([bytes, bytes]),
};

for (const [what, damage] of Object.entries(DAMAGES)) {
  test(`a relay that ${what} is found out`, async () => {
    let targetPort = 0;
    const relay = await badRelay(() => targetPort, damage);
    const traffic = new Traffic({ ...DEFAULTS, role: 'raw', dialPort: relay.port, sessions: 1, mode: 'up' });
    ({ targetPort } = await traffic.listen());
    try {
      void traffic.dial();
      await untilTrue('a fault', () => traffic.tally.faults > 0);
      assert.match(traffic.tally.sentences[0] ?? '', /session 0, upBytes: a byte is wrong/);
    } finally {
      traffic.stop();
      relay.close();
    }
  });
}
