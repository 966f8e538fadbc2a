import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import type { Tunnel } from '../../../../src/cli/connect/tunnel.js';
import { eventually } from '../../../helpers/eventually.js';
import type { TcpTarget } from '../../../helpers/tcp-target.js';
import { reset } from '../../injectors/reset.js';
import { exchange } from '../../rig/exchange.js';
import type { Stand } from '../../rig/stand.js';
import { assertWithin } from '../../rig/time.js';
import type { Rig } from '../../rig.js';

interface OpenSession {
  readonly tunnel: Tunnel;
  readonly socket: Socket;
}

/** A session that is open, with both ends. `port`: through a proxy instead of directly. */
async function opened(stand: Stand, target: TcpTarget, port = target.port): Promise<OpenSession> {
  const tunnel = await stand.open({ port });
  const socket = await target.socket();
  assert.equal((await stand.final()).status, 'SUCCESSFUL');
  return { tunnel, socket };
}

/** D17 */
export async function vanishesIdle(rig: Rig): Promise<void> {
  const stand = await rig.start();
  const target = await rig.streamTarget();
  const { tunnel } = await opened(stand, target);
  tunnel.resume();
  const startedAt = performance.now();
  rig.network.silence(target.port);
  await stand.expectSessionEnd('target-timeout', undefined, 45_000);
  const ms = performance.now() - startedAt;
  rig.figure('noticed after ms', ms);
  assertWithin(ms, 30_000);
}

/** D18: bytes wait in the gateway, then bytes that only the kernel holds. */
export async function vanishesBusy(rig: Rig): Promise<void> {
  const stand = await rig.start();
  const target = await rig.streamTarget();
  const { tunnel } = await opened(stand, target);
  const startedAt = performance.now();
  rig.network.silence(target.port);
  const writer = setInterval(() => tunnel.writableNeedDrain || tunnel.write(Buffer.alloc(65_536)), 10);
  rig.atEnd(() => clearInterval(writer));
  await stand.expectSessionEnd('stall-target', undefined, 90_000);
  const ms = performance.now() - startedAt;
  rig.figure('noticed after ms', ms);
  // The kernel makes room for some more bytes with its first ten seconds of retransmissions; then 60 s without any.
  assertWithin(ms, 80_000);
  clearInterval(writer);
}

/** D18, the other half: a few bytes fit into the kernel's buffer, and it gives up by its own count of tries. */
export async function vanishesWithFewBytes(rig: Rig): Promise<void> {
  rig.network.sysctl('net.ipv4.tcp_retries2', '6');
  const stand = await rig.start();
  const target = await rig.streamTarget();
  const { tunnel } = await opened(stand, target);
  const startedAt = performance.now();
  rig.network.silence(target.port);
  tunnel.write('a key stroke');
  tunnel.resume();
  await stand.expectSessionEnd('target-timeout', undefined, 60_000);
  rig.figure('few bytes, noticed after ms', performance.now() - startedAt);
}

/** D19: a reset behind bytes that have arrived, then one that comes together with them. */
export async function resets(rig: Rig): Promise<void> {
  const stand = await rig.start();
  for (const isTogether of [false, true]) {
    const target = await rig.streamTarget();
    const { tunnel, socket } = await opened(stand, target);
    const operationId = stand.operations().at(-1)?.id ?? '';
    let text = '';
    tunnel.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    const ended = new Promise((resolve) => tunnel.once('end', resolve));
    await new Promise((resolve) => socket.write('last words', resolve));
    if (!isTogether) await eventually(() => text === 'last words' || undefined, 'the last words');
    reset(socket);
    await ended;
    assert.equal(text, 'last words');
    const { reason } = await stand.agent.logged('session ended', { operationId });
    if (isTogether) assert.match(String(reason), /^target-(reset|fin)$/);
    else assert.equal(reason, 'target-reset');
    assert.equal(stand.ledger.story(operationId), 'PENDING EXECUTING SUCCESSFUL');
  }
}

/** D20 */
export async function badLink(rig: Rig): Promise<void> {
  const stand = await rig.start();
  const target = await rig.streamTarget();
  const link = { latencyMs: 200, bytesPerSecond: 8_000 };
  const proxy = await rig.proxyTo(target.port, { up: link, down: link });
  for (const port of [proxy.port, target.port]) {
    rig.network.rule(`tcp dport ${port} numgen random mod 100 < 10 drop`);
    rig.network.rule(`tcp sport ${port} numgen random mod 100 < 10 drop`);
  }
  const session = await opened(stand, target, proxy.port);
  await exchange(session, 400_000, 150_000);
}

/** D21 */
export async function slices(rig: Rig): Promise<void> {
  const stand = await rig.start();
  for (const [sliceBytes, bytes] of [
    [1, 20_000],
    [65_536, 8_000_000],
  ] as const) {
    const target = await rig.streamTarget();
    const proxy = await rig.proxyTo(target.port, { up: { sliceBytes }, down: { sliceBytes } });
    const session = await opened(stand, target, proxy.port);
    await exchange(session, bytes);
  }
  await stand.end();
  await countFrames(rig, 20_000);
}

/** A target that sends one byte at a time: a read never becomes more than one frame. */
async function countFrames(rig: Rig, bytes: number): Promise<void> {
  const cloud = await rig.rawCloud();
  const stand = await rig.start({
    sections: { cloud: { remoteAccessUrl: `http://127.0.0.1:${cloud.port}` } },
  });
  const target = await rig.streamTarget();
  const proxy = await rig.proxyTo(target.port, { down: { sliceBytes: 1 } });
  stand.operate({ port: proxy.port });
  const peer = await cloud.peer();
  (await target.socket()).write(Buffer.alloc(bytes, 7));
  await eventually(() => peer.bytes >= bytes || undefined, 'all bytes at the cloud');
  assert.equal(peer.bytes, bytes);
  rig.figure('frames for as many slices', peer.messages.length / bytes);
  assert.ok(peer.messages.length <= bytes);
  assert.equal(peer.violation, undefined);
}

/** D22: the smallest segments that IPv4 hosts must take. */
export async function smallSegments(rig: Rig): Promise<void> {
  rig.network.ip('link', 'set', 'lo', 'mtu', '576');
  const stand = await rig.start();
  const target = await rig.streamTarget();
  await exchange(await opened(stand, target), 2_000_000);
}
