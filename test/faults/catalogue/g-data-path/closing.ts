import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { eventually } from '../../../helpers/eventually.js';
import { closeFrame, frame } from '../../../helpers/raw-cloud.js';
import { SeededBytes, SeededCheck } from '../../../helpers/seeded-bytes.js';
import { assertWithin, lapse } from '../../rig/time.js';
import type { Rig } from '../../rig.js';
import { closeCode, polite, Tunnels } from '../f-frames/tunnels.js';

const MEBIBYTE = 1_048_576;

/** What is on its way when the end comes. */
const BYTES = 8 * MEBIBYTE;
const MESSAGE_BYTES = 100_000;

/** Writes `BYTES` of a stream as messages; gives its digest. */
function sendAll(cloud: Socket, seed: string): string {
  const source = new SeededBytes(seed);
  while (source.bytes < BYTES)
    cloud.write(frame(0x82, source.next(Math.min(MESSAGE_BYTES, BYTES - source.bytes))));
  return source.digest();
}

/** G06: the target has said all and still listens: what the cloud sends until it closes is delivered. */
export async function halfClose(rig: Rig): Promise<void> {
  const tunnels = await Tunnels.start(rig);
  const session = await tunnels.open();
  const check = new SeededCheck('half-close');
  session.target.on('data', check.take);
  session.target.end('bye');
  const code = closeCode(session.cloud);
  const digest = sendAll(session.cloud, 'half-close');
  assert.equal(await code, 1000);
  session.cloud.end(closeFrame(1000));
  await once(session.target, 'end');
  assert.equal(check.digest(), digest);
  assert.equal(await tunnels.reason(session), 'target-fin');
}

/** G07: a close frame behind 8 MiB to a target that reads slowly. */
export async function closeBehindBytes(rig: Rig): Promise<void> {
  const tunnels = await Tunnels.start(rig);
  const session = await tunnels.open();
  session.target.pause();
  const digest = sendAll(session.cloud, 'close');
  session.cloud.write(closeFrame(1000));
  polite(session.cloud);
  await lapse(2_000);
  const check = new SeededCheck('close');
  session.target.on('data', check.take).once('end', () => session.target.end());
  session.target.resume();
  await once(session.target, 'end');
  assert.equal(check.bytes, BYTES);
  assert.equal(check.digest(), digest);
  assert.equal(await tunnels.reason(session), 'cloud-close');
}

/** G08: a reset behind bytes: all that the agent had read is delivered, in order, and then comes a FIN. */
export async function resetBehindBytes(rig: Rig): Promise<void> {
  const tunnels = await Tunnels.start(rig);
  const session = await tunnels.open();
  session.target.pause();
  sendAll(session.cloud, 'reset');
  await lapse(1_000);
  session.cloud.resetAndDestroy();
  await lapse(500);
  const check = new SeededCheck('reset');
  let error: Error | undefined;
  session.target.on('error', (raised) => (error = raised));
  session.target.on('data', check.take).once('end', () => session.target.end());
  session.target.resume();
  await once(session.target, 'end');
  assert.equal(error, undefined);
  assert.equal(check.wrongAt, undefined);
  rig.figure('delivered KiB', check.bytes / 1_024);
  assert.ok(check.bytes > 0);
  // Node sends a FIN in front of the reset when bytes are on their way, and the kernel may show that one.
  assert.match(await tunnels.reason(session), /^cloud-(reset|fin)$/);
  const [line] = tunnels.stand.agent.log().filter(({ msg }) => msg === 'session ended');
  assert.equal(line?.downlinkBytes, check.bytes);
}

/** G09: the close frame and the target's FIN cross, twenty times. */
export async function bothClose(rig: Rig): Promise<void> {
  const tunnels = await Tunnels.start(rig);
  const { agent, ledger } = tunnels.stand;
  for (let round = 0; round < 20; round += 1) {
    const session = await tunnels.open();
    session.target.resume();
    session.cloud.resume();
    session.target.end('bye');
    session.cloud.write(closeFrame(1000));
    session.cloud.end();
    assert.match(await tunnels.reason(session), /^(target-fin|cloud-close)$/);
  }
  assert.equal(agent.log().filter(({ msg }) => msg === 'session ended').length, 20);
  assert.equal((await agent.status()).totals.workerRestarts, 0);
  ledger.assertOneFinalStatusEach();
}

/** G10: our close frame stays without an answer. */
export async function noAnswer(rig: Rig): Promise<void> {
  const tunnels = await Tunnels.start(rig);
  const session = await tunnels.open();
  const code = closeCode(session.cloud);
  session.target.resume();
  session.target.end();
  assert.equal(await code, 1000);
  const startMs = performance.now();
  // Neither a close frame nor a FIN comes back, so the agent's socket is destroyed: what is written then is reset.
  session.cloud.on('error', () => undefined);
  assert.equal(await tunnels.reason(session), 'target-fin');
  const ms = performance.now() - startMs;
  rig.figure('destroyed after ms', ms);
  assert.ok(ms > 4_000, `${ms} ms`);
  assertWithin(ms, 5_500);
  assert.equal((await tunnels.stand.agent.sessions()).length, 0);
}

/** G16: the longest duration is reached; and a reload takes the conduit away. */
export async function takenAway(rig: Rig): Promise<void> {
  const limited = await Tunnels.start(rig, { limits: { sessionDuration: '2s' } });
  const old = await limited.open();
  polite(old.target);
  assert.equal(await closeCode(old.cloud), 1001);
  old.cloud.end();
  assert.equal(await limited.reason(old), 'max-duration');
  await limited.stand.end();

  const tunnels = await Tunnels.start(rig);
  const session = await tunnels.open();
  polite(session.target);
  const code = closeCode(session.cloud, 20_000);
  tunnels.revoke();
  assert.equal(await code, 1001);
  session.cloud.end();
  assert.equal(await tunnels.reason(session), 'policy-revoked');
  await eventually(
    () => tunnels.stand.agent.log().some(({ reason }) => reason === 'policy-revoked') || undefined,
    'the reason in the log',
  );
}
