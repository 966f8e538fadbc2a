import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { encode, Fuzzer } from '../../../conformance/fuzzer.js';
import { binary, fragments, OPCODE, ping } from '../../../conformance/case.js';
import { Arrived } from '../../../conformance/runner.js';
import { eventually } from '../../../helpers/eventually.js';
import { frame } from '../../../helpers/raw-cloud.js';
import { seeded } from '../../../helpers/random.js';
import { lapse, assertWithin } from '../../rig/time.js';
import type { Rig } from '../../rig.js';
import { closeCode, polite, Tunnels } from './tunnels.js';

const MEBIBYTE = 1_048_576;

/** Sends `bytes` in a session of its own, and asserts how it ends and what reached the target. */
async function ends(
  tunnels: Tunnels,
  bytes: Buffer,
  expected: { readonly closes: readonly number[]; readonly reason: string; readonly target?: string },
): Promise<void> {
  const session = await tunnels.open();
  const fuzzer = new Fuzzer(session.cloud, session.request);
  const arrived = new Arrived(session.target);
  session.cloud.write(bytes);
  await fuzzer.until('the end of the connection', () => fuzzer.hasEnded);
  assert.equal(await tunnels.reason(session), expected.reason);
  await arrived.ended;
  assert.deepEqual(fuzzer.closes, expected.closes);
  assert.equal(arrived.all().toString('latin1'), expected.target ?? '');
}

/** F14: lengths that nobody means, and a length in a longer form than needed, which is taken. */
export async function lengths(rig: Rig): Promise<void> {
  const tunnels = await Tunnels.start(rig);
  const good = frame(0x82, 'good');
  const tooBig = { closes: [1009], reason: 'cloud-too-big', target: 'good' };
  const wrong = { closes: [1002], reason: 'cloud-protocol', target: 'good' };
  for (const [length, expected] of [
    [16 * MEBIBYTE + 1, tooBig],
    [2n ** 32n, tooBig],
    [2n ** 53n, tooBig],
    [2n ** 63n - 1n, tooBig],
    [2n ** 63n, wrong],
    [2n ** 64n - 1n, wrong],
  ] as const) {
    await ends(tunnels, Buffer.concat([good, frame(0x82, 'xyz', length)]), expected);
  }
  const longForms = Buffer.from('827e000161827f000000000000000162880203e8', 'hex');
  await ends(tunnels, longForms, { closes: [1000], reason: 'cloud-close', target: 'ab' });
  tunnels.stand.ledger.assertOneFinalStatusEach();
}

/** F18: a mask, on data and on control frames. */
export async function masked(rig: Rig): Promise<void> {
  const tunnels = await Tunnels.start(rig);
  for (const hex of [
    '828101020304ab',
    '898001020304',
    '8882010203040000',
    '82fe0001010203 04ab'.replace(' ', ''),
  ]) {
    const bytes = Buffer.concat([frame(0x82, 'good'), Buffer.from(hex, 'hex')]);
    await ends(tunnels, bytes, { closes: [1002], reason: 'cloud-protocol', target: 'good' });
  }
}

/** F19: each part of a header, then silence, with pings every second: two intervals of silence are enough. */
export async function headerThenSilence(rig: Rig): Promise<void> {
  const tunnels = await Tunnels.start(rig, { keepAlive: { webSocketPing: '1s' } });
  const header = frame(0x82, '', 70_000);
  for (const length of [1, 2, 5, 9, 10]) {
    const session = await tunnels.open();
    polite(session.target);
    session.cloud.write(header.subarray(0, length));
    const startMs = performance.now();
    assert.equal(await closeCode(session.cloud), 1001);
    assertWithin(performance.now() - startMs, 2_500);
    session.cloud.end();
    assert.equal(await tunnels.reason(session), 'cloud-ping-timeout');
  }
}

/** F20: every byte of a message that drips is forwarded when it comes, and the agent holds none of it. */
export async function drip(rig: Rig): Promise<void> {
  const tunnels = await Tunnels.start(rig, { keepAlive: { webSocketPing: '2s' } });
  const session = await tunnels.open();
  const arrived = new Arrived(session.target);
  session.cloud.resume();
  session.cloud.write(frame(0x82, '', 16 * MEBIBYTE));
  const before = await tunnels.stand.agent.residentBytes();
  for (let count = 1; count <= 8; count += 1) {
    session.cloud.write(Buffer.of(count));
    await eventually(() => arrived.bytes === count || undefined, `byte ${count}`, 2_000);
    // The fault itself: one byte a second, for longer than two ping intervals.
    await lapse(1_000);
  }
  const grownBytes = (await tunnels.stand.agent.residentBytes()) - before;
  rig.figure('grown MiB', grownBytes / MEBIBYTE);
  assert.ok(grownBytes < 16 * MEBIBYTE, `${grownBytes} bytes`);
  const [view] = await tunnels.stand.agent.sessions();
  assert.equal(view?.state, 'open');
}

const ROUNDS = 150;

/** F21: a recorded stream with some of its bits flipped, or random bytes; each round has a seed of its own. */
export async function flipped(rig: Rig): Promise<void> {
  const tunnels = await Tunnels.start(rig);
  const base = randomBytes(4).readUInt32LE(0);
  for (let round = 0; round < ROUNDS; round += 1) {
    await flippedOnce(tunnels, base + round).catch((error: unknown) => {
      throw new Error(`seed ${base + round}: ${String(error)}`, { cause: error });
    });
  }
  const { totals } = await tunnels.stand.agent.status();
  assert.equal(totals.workerRestarts, 0);
  tunnels.stand.ledger.assertOneFinalStatusEach();
}

async function flippedOnce(tunnels: Tunnels, seed: number): Promise<void> {
  const random = seeded(seed);
  // Payload is all upper case and everything else of a frame is not: what is not payload shows at the target.
  const payload = (length: number): Buffer =>
    Buffer.from(Array.from({ length }, () => 0x41 + Math.floor(random() * 26)));
  const frames = Array.from({ length: 12 }, () => {
    const length = Math.floor(random() * 300);
    return random() < 0.3
      ? fragments(OPCODE.binary, payload(length + 1), 50)
      : [random() < 0.2 ? ping(payload(20)) : binary(payload(length))];
  });
  const stream = Buffer.concat(frames.flat().map(encode));
  const flips = 1 + Math.floor(random() * 4);
  for (let flip = 0; flip < flips; flip += 1) {
    const at = Math.floor(random() * stream.length);
    stream[at] = (stream[at] ?? 0) ^ (1 << Math.floor(random() * 8));
  }
  const session = await tunnels.open();
  const arrived = new Arrived(session.target);
  session.cloud.resume();
  session.cloud.end(stream);
  const reason = await tunnels.reason(session, 20_000);
  assert.ok(['cloud-protocol', 'cloud-too-big', 'cloud-fin', 'cloud-close'].includes(reason), reason);
  await arrived.ended;
  assert.ok(
    isInOrder(arrived.all(), stream),
    'a byte reached the target that the cloud did not send in that order',
  );
}

/** Whether `part` is what is left of `whole` when some of it is left out. */
function isInOrder(part: Buffer, whole: Buffer): boolean {
  let at = 0;
  for (const byte of part) {
    at = whole.indexOf(byte, at) + 1;
    if (at === 0) return false;
  }
  return true;
}
