import assert from 'node:assert/strict';
import { SeededCheck } from '../../../helpers/seeded-bytes.js';
import { send } from '../../../helpers/transfer.js';
import { reset } from '../../injectors/reset.js';
import { arrived } from '../../rig/exchange.js';
import { lapse } from '../../rig/time.js';
import type { Rig } from '../../rig.js';

/*
 * The target is there at once, the cloud's side of the tunnel later: what the target does in between.
 */

/** Makes every upgrade of the device late by `latencyMs`. */
function lateTunnel(latencyMs: number): object {
  return { requests: [{ path: '/service/remoteaccess/device/*', latencyMs }] };
}

/** D10 */
export async function endsAtOnce(rig: Rig): Promise<void> {
  const stand = await rig.start();
  stand.cloud.faults.set(lateTunnel(500));
  const closing = await rig.target((socket) => socket.end());
  const resetting = await rig.target((socket) => reset(socket));
  await stand.expectFailed('target-reset', closing);
  await stand.expectFailed('target-reset', resetting);
  stand.ledger.assertOneFinalStatusEach();
  const speaksFirst = await rig.target((socket) => socket.end('busy, try later'));
  const tunnel = await stand.open(speaksFirst);
  const text = (await tunnel.setEncoding('utf8').toArray()).join('');
  assert.equal(text, 'busy, try later');
  assert.equal((await stand.final()).status, 'SUCCESSFUL');
  await stand.expectSessionEnd('target-fin');
}

/** D11 */
export async function speaksFirst(rig: Rig): Promise<void> {
  const stand = await rig.start();
  stand.cloud.faults.set(lateTunnel(3_000));
  const target = await rig.streamTarget();
  const tunnel = await stand.open(target);
  const socket = await target.socket();
  socket.write('SSH-2.0-Plant\r\n');
  const sending = send(socket, 'after the banner', 200_000);
  assert.equal(stand.cloud.sessions().length, 0, 'the target has spoken before the tunnel is there');
  const check = new SeededCheck('after the banner');
  let banner = '';
  tunnel.on('data', (chunk: Buffer) => {
    const rest = 15 - banner.length;
    banner += chunk.toString('latin1', 0, rest);
    check.take(chunk.subarray(rest));
  });
  await arrived(check, sending, 200_000, 'behind the banner');
  assert.equal(banner, 'SSH-2.0-Plant\r\n');
}

/** D12: 64 MiB are on offer before anybody takes them. */
export async function floods(rig: Rig): Promise<void> {
  const bytes = 64 * 1_048_576;
  const stand = await rig.start();
  stand.cloud.faults.set(lateTunnel(2_000));
  const target = await rig.streamTarget();
  const before = await stand.agent.residentBytes();
  const tunnel = await stand.open(target);
  const socket = await target.socket();
  const sending = send(socket, 'flood', bytes);
  await lapse(1_500);
  // The page of metrics is a second old at most.
  const grownMiB = ((await stand.agent.residentBytes()) - before) / 1_048_576;
  rig.figure('held back after bytes', socket.bytesWritten - socket.writableLength);
  rig.figure('agent grew by MiB', grownMiB);
  assert.ok(socket.writableNeedDrain, 'the target is held back');
  assert.ok(grownMiB < 16, `the agent grew by ${grownMiB} MiB`);
  assert.equal(stand.cloud.sessions().length, 0);
  const check = new SeededCheck('flood');
  tunnel.on('data', check.take);
  await arrived(check, sending, bytes, 'of the flood', 40_000);
}

/** D13 */
export async function floodsAndCloses(rig: Rig): Promise<void> {
  const bytes = 2_000_000;
  const stand = await rig.start();
  stand.cloud.faults.set(lateTunnel(1_000));
  const target = await rig.streamTarget();
  const tunnel = await stand.open(target);
  const socket = await target.socket();
  const sending = send(socket, 'all at once', bytes);
  void sending.done.then(() => socket.end());
  const check = new SeededCheck('all at once');
  tunnel.on('data', check.take);
  const ended = new Promise((resolve) => tunnel.once('end', resolve));
  await arrived(check, sending, bytes, 'of the flood');
  await ended;
  assert.equal(tunnel.ending?.code, 1_000);
  await stand.expectSessionEnd('target-fin');
}
