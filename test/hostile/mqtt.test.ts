import assert from 'node:assert/strict';
import { test } from 'node:test';
import { credentialsOf } from '../../src/cloud/authorization.js';
import { Backoff } from '../../src/cloud/backoff.js';
import { CloudClock } from '../../src/cloud/cloud-clock.js';
import type { ParsedOperation } from '../../src/cloud/intake.js';
import { LinkError } from '../../src/cloud/link-error.js';
import { MqttIntake } from '../../src/cloud/mqtt-intake.js';
import { MqttUplink } from '../../src/cloud/mqtt-uplink.js';
import { parseNotification, parseOperation } from '../../src/cloud/operation.js';
import { RestClient } from '../../src/cloud/rest-client.js';
import { Sweep } from '../../src/cloud/sweep.js';
import { closedPort } from '../helpers/closed-port.js';
import { until, untilTrue } from '../helpers/until.js';
import { cloudConfig, FAST, memoryLog } from '../unit/cloud/fixtures.js';
import { bytesOf, surface, type Case, type Written } from './cases.js';
import { RawBroker } from './raw-broker.js';

interface MqttCase extends Case {
  readonly at: 'connect' | 'subscribe' | 'up';
  readonly bytes: Written;
  readonly expect: 'destroyed' | 'stays';
  readonly operations?: number;
  readonly waits?: boolean;
}

/** Longest wait for an acknowledgement, in ms; a few cases reach it. */
const ACK_MS = 300;

/** A packet id that no case uses: its acknowledgement shows that everything before it was read. */
const LAST_ID = 0x7abc;

const LAST_OPERATION = {
  id: '99999',
  deviceId: '40511',
  status: 'PENDING',
  c8y_RemoteAccessConnect: { hostname: '10.0.0.67', port: 22, connectionKey: 'the-last-one-0123' },
};

function goodPublish(): Buffer {
  const topic = Buffer.from('devicecontrol/notifications');
  const payload = Buffer.from(JSON.stringify(LAST_OPERATION));
  const length = 2 + topic.length + 2 + payload.length;
  const head = [0x32, 0x80 | (length & 0x7f), length >> 7, 0, topic.length];
  return Buffer.concat([Buffer.from(head), topic, Buffer.from([LAST_ID >> 8, LAST_ID & 0xff]), payload]);
}

/** The intake of one agent at a broker, with a list of operations that cannot be had. */
async function intakeAt(url: string): Promise<{
  intake: MqttIntake;
  seen: ParsedOperation[];
  log: ReturnType<typeof memoryLog>;
  close: () => Promise<void>;
}> {
  const cloud = cloudConfig(`http://127.0.0.1:${await closedPort()}`);
  const log = memoryLog();
  const seen: ParsedOperation[] = [];
  const onOperation = (parsed: ParsedOperation): void => void seen.push(parsed);
  const clock = new CloudClock({ now: Date.now });
  const credentials = credentialsOf(cloud);
  const parseJson = (document: Buffer): unknown => JSON.parse(document.toString());
  const rest = new RestClient({ cloud, credentials, clock, parseJson, requestMs: 500 });
  const status = { report: () => undefined, size: 0, flush: () => Promise.resolve() };
  const sweep = new Sweep({
    rest,
    clock,
    status,
    parseOperation,
    onOperation,
    log,
    isOurs: () => false,
    uptimeMs: () => 0,
    backoff: new Backoff(FAST.backoff, () => performance.now()),
    sweepMs: 60_000,
  });
  const intake = new MqttIntake({
    link: {
      transport: { url, ca: undefined, proxy: undefined, minTlsVersion: 'TLSv1.2', connectMs: ACK_MS },
      clientId: 'd:gw-7',
      login: () => ({ username: 't0815/device_gw-7', password: 'p4ssw0rd' }),
      keepAliveMs: 60_000,
      ackMs: ACK_MS,
    },
    uplink: new MqttUplink(),
    sweep,
    device: { name: 'gw-7' },
    parseOperations: parseNotification,
    onOperation,
    onViolation: () => undefined,
    monotonic: () => performance.now(),
    log,
  });
  return { intake, seen, log, close: () => rest.close() };
}

for (const each of surface<MqttCase>('mqtt').cases) {
  test(`${each.id}: the connection ${each.expect === 'stays' ? 'stays' : 'is destroyed'}`, async () => {
    const broker = await new RawBroker().listen();
    const bytes = (id: string): Buffer => bytesOf(withId(each.bytes, id));
    if (each.at !== 'up') broker.instead = { [each.at]: bytes };
    const { intake, seen, log, close } = await intakeAt(broker.url);
    const stop = new AbortController();
    let isUp = false as boolean;
    let ended: unknown;
    const running = intake
      .run('40511', stop.signal, () => (isUp = true))
      .then(
        () => (ended = 'stopped'),
        (error: unknown) => (ended = error),
      );
    if (each.at === 'up') {
      await untilTrue('the link', () => isUp);
      broker.socket?.write(bytes(''));
    }
    if (each.expect === 'destroyed') {
      await until('the end of the connection', running);
      assert.ok(ended instanceof LinkError, String(ended));
      assert.match(ended.message, /^[ -~]{1,300}$/);
    } else {
      await untilTrue('the link', () => isUp || ended !== undefined);
      broker.socket?.write(goodPublish());
      const isSeen = (): boolean =>
        seen.some((one) => one.kind === 'connect' && one.operation.id === LAST_OPERATION.id);
      const isRead = (): boolean =>
        each.waits === true || (broker.acknowledged.includes(LAST_ID) && isSeen());
      await untilTrue('the good operation behind it', () => isRead() || ended !== undefined);
      assert.equal(ended, undefined, String(ended));
    }
    const wanted = [
      ...Array<string>(each.operations ?? 0).fill('connect'),
      ...(each.expect === 'stays' && each.waits !== true ? ['connect'] : []),
    ];
    assert.deepEqual(
      seen.map(({ kind }) => kind).filter((kind) => kind !== 'ignored'),
      wanted,
    );
    stop.abort();
    await until('the end of the intake', running);
    await close();
    await broker.stop();
    assert.doesNotMatch(JSON.stringify(log.lines), /p4ssw0rd|canary|0b8f3a52/);
  });
}

/** Hex may have `{id}` in it. */
function withId(written: Written, id: string): Written {
  return JSON.parse(JSON.stringify(written).replaceAll('{id}', id)) as Written;
}
