import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { SessionSummary } from '../../../../contract/messages.js';
import { serverIdentity, type Identity } from '../../../helpers/certificates.js';
import { accept, closeFrame, frame } from '../../../helpers/raw-cloud.js';
import { assertSameBytes, seededBytes } from '../../../helpers/seeded-stream.js';
import { Rig, loopback } from '../../../helpers/session-rig.js';
import { Target, banner, closedPort, halfClosing, readAll, resetting } from '../../../helpers/targets.js';
import { SilentPort } from '../../../helpers/silent-port.js';
import { untilTrue } from '../../../helpers/until.js';

/** `ended reason` or `failed code`. */
function brief(summary: SessionSummary): string {
  return summary.outcome === 'ended' ? `ended ${summary.reason}` : `failed ${summary.code}`;
}

/** An answer that is given when the test says so. */
class Gate {
  readonly #waiting: (() => void)[] = [];
  #isOpen = false;

  readonly pass = (act: () => void): void => {
    if (this.#isOpen) act();
    else this.#waiting.push(act);
  };

  get waiting(): number {
    return this.#waiting.length;
  }

  open(): void {
    this.#isOpen = true;
    for (const act of this.#waiting.splice(0)) act();
  }
}

for (const secure of [false, true]) {
  describe(secure ? 'over TLS' : 'over TCP', () => {
    let identity: Identity | undefined;
    before(async () => {
      identity = secure ? await serverIdentity() : undefined;
    });

    /** A rig whose cloud answers the upgrade when `gate` opens. */
    async function slowCloud(
      target: Target,
      glued?: Buffer,
    ): Promise<{ readonly rig: Rig; readonly gate: Gate }> {
      const gate = new Gate();
      const rig: Rig = await Rig.make({
        target,
        cloud: {
          answer: (socket, request) => gate.pass(() => void rig.cloud.upgrade(socket, request, glued)),
          ...(identity === undefined ? {} : { tls: identity.server }),
        },
        ...(identity === undefined ? {} : { ca: identity.ca }),
      });
      return { rig, gate };
    }

    test('what the target says before the tunnel is up arrives first', async () => {
      const { rig, gate } = await slowCloud(new Target(banner('SSH-2.0-early\r\n')));
      const { summary } = rig.start();
      const socket = await rig.target.connection();
      await untilTrue('the upgrade request', () => gate.waiting === 1);
      gate.open();
      const peer = await rig.cloud.peer();
      await untilTrue('the banner', () => peer.bytes === 15);
      socket.end('and more');
      assert.equal(brief(await summary), 'ended target-fin');
      assert.equal(peer.received().toString(), 'SSH-2.0-early\r\nand more');
      await rig.close();
    });

    test('a target that speaks and closes before the tunnel is up is delivered whole', async () => {
      const bytes = seededBytes(3, 50_000);
      const { rig, gate } = await slowCloud(new Target(halfClosing(bytes)));
      const { id, summary } = rig.start();
      await untilTrue('the upgrade request', () => gate.waiting === 1);
      const socket = await rig.target.connection();
      await untilTrue('all bytes to be read', () => socket.writableFinished);
      gate.open();
      const result = await summary;
      assert.equal(brief(result), 'ended target-fin');
      assert.ok(rig.wasOpened(id));
      const peer = await rig.cloud.peer();
      assertSameBytes(peer.received(), bytes);
      assert.equal(peer.closed?.code, 1000);
      await rig.close();
    });

    test('a target that floods before the tunnel is up is paused, and loses nothing', async () => {
      const bytes = seededBytes(4, 3_000_000);
      const { rig, gate } = await slowCloud(new Target(halfClosing(bytes)));
      const { summary } = rig.start();
      await untilTrue('the upgrade request', () => gate.waiting === 1);
      const before = process.memoryUsage().arrayBuffers;
      await new Promise((resolve) => setTimeout(resolve, 200));
      assert.ok(process.memoryUsage().arrayBuffers - before < 300_000);
      gate.open();
      const peer = await rig.cloud.peer();
      assert.equal(brief(await summary), 'ended target-fin');
      assertSameBytes(peer.received(), bytes);
      await rig.close();
    });

    for (const size of [1, 5_000, 16_000, 40_000, 300_000]) {
      test(`${size} bytes of frames glued to the 101 are delivered in order`, async () => {
        const bytes = seededBytes(size, size);
        const glued = Buffer.concat(
          [0, 1, 2].map((part) => frame(0x82, bytes.subarray((part * size) / 3, ((part + 1) * size) / 3))),
        );
        const { rig, gate } = await slowCloud(new Target(), glued);
        gate.open();
        const { summary } = rig.start();
        const socket = await rig.target.connection();
        const read = readAll(socket);
        socket.once('end', () => socket.end());
        const peer = await rig.cloud.peer();
        peer.socket.write(Buffer.concat([frame(0x82, 'behind'), closeFrame(1000)]));
        const { bytes: got } = await read;
        assertSameBytes(got, Buffer.concat([bytes, Buffer.from('behind')]));
        await summary;
        await rig.close();
      });
    }

    test('frames cut anywhere around the 101 are delivered in order', async () => {
      const expected = seededBytes(9, 300);
      for (let at = 1; at <= 40; at += 3) {
        const rig: Rig = await Rig.make({
          cloud: {
            answer: (socket, request) => {
              const all = Buffer.concat([accept(request), frame(0x82, expected), closeFrame(1000)]);
              const head = accept(request).length + at - 20;
              socket.write(all.subarray(0, head), () => {
                setImmediate(() => void socket.end(all.subarray(head)));
              });
            },
            ...(identity === undefined ? {} : { tls: identity.server }),
          },
          ...(identity === undefined ? {} : { ca: identity.ca }),
        });
        const { summary } = rig.start();
        const socket = await rig.target.connection();
        const read = readAll(socket);
        socket.once('end', () => socket.end());
        assertSameBytes((await read).bytes, expected);
        assert.equal(brief(await summary), 'ended cloud-close');
        await rig.close();
      }
    });

    for (const end of ['close frame', 'FIN'] as const) {
      test(`a cloud that sends and ends (${end}) before the target is up is delivered whole`, async () => {
        const bytes = seededBytes(5, 30_000);
        const glued = Buffer.concat([frame(0x82, bytes), end === 'FIN' ? Buffer.alloc(0) : closeFrame(1000)]);
        const { rig, gate } = await slowCloud(new Target(), glued);
        gate.open();
        const { silent, target } = await late(rig);
        const { id, summary } = rig.start({}, { target });
        const peer = await rig.cloud.peer();
        if (end === 'FIN') peer.socket.end();
        const socket = await rig.target.connection();
        const read = readAll(socket);
        socket.once('end', () => socket.end());
        assertSameBytes((await read).bytes, bytes);
        assert.equal(brief(await summary), end === 'FIN' ? 'ended cloud-fin' : 'ended cloud-close');
        assert.ok(rig.wasOpened(id));
        await silent.close();
        await rig.close();
      });
    }

    test('a cloud that floods before the target is up is paused, and loses nothing', async () => {
      const bytes = seededBytes(6, 2_000_000);
      const { rig, gate } = await slowCloud(new Target());
      gate.open();
      const { silent, target } = await late(rig);
      const { summary } = rig.start({}, { target });
      const peer = await rig.cloud.peer();
      peer.send(bytes);
      peer.socket.write(closeFrame(1000));
      const socket = await rig.target.connection();
      const read = readAll(socket);
      socket.once('end', () => socket.end());
      assertSameBytes((await read).bytes, bytes);
      assert.equal(brief(await summary), 'ended cloud-close');
      await silent.close();
      await rig.close();
    });

    test('a target that refuses fails the operation, and the tunnel is not left', async () => {
      const { rig, gate } = await slowCloud(new Target());
      gate.open();
      const { summary, id } = rig.start({}, { target: loopback(await closedPort()) });
      const result = await summary;
      assert.equal(brief(result), 'failed target-refused');
      assert.equal(rig.wasOpened(id), false);
      await untilTrue('no connection at the cloud', () => rig.cloud.connections.size === 0);
      await rig.close();
    });

    test('a target that fails after the tunnel is up is told to the cloud as close 1011 with the code', async () => {
      const { rig, gate } = await slowCloud(new Target());
      gate.open();
      const silent = await SilentPort.on('127.0.0.2');
      const target = loopback(silent.port, 'plc', silent.host);
      const { summary } = rig.start({ connectTimeoutMs: 500 }, { target });
      const peer = await rig.cloud.peer();
      assert.equal(brief(await summary), 'failed target-timeout');
      assert.deepEqual(peer.closed, { code: 1011, reason: 'target-timeout' });
      await silent.close();
      await rig.close();
    });

    test('a target that resets at once fails the operation', async () => {
      const { rig, gate } = await slowCloud(new Target(resetting));
      const { summary } = rig.start();
      assert.equal(brief(await summary), 'failed target-reset');
      gate.open();
      await untilTrue('no connection at the cloud', () => rig.cloud.connections.size === 0);
      await rig.close();
    });

    test('a cloud that refuses lets the target go with FIN, not with a reset', async () => {
      const rig = await Rig.make({
        target: new Target(banner('unread bytes would make it a reset')),
        cloud: {
          answer: (socket) => void setTimeout(() => socket.end('HTTP/1.1 404 Not Found\r\n\r\n'), 50),
          ...(identity === undefined ? {} : { tls: identity.server }),
        },
        ...(identity === undefined ? {} : { ca: identity.ca }),
      });
      const { summary } = rig.start();
      const socket = await rig.target.connection();
      const read = readAll(socket);
      socket.once('end', () => socket.end());
      assert.equal((await read).error, undefined);
      assert.equal(brief(await summary), 'failed cloud-key-unknown');
      await rig.close();
    });

    test('a cloud that closes right behind the 101 fails the operation, and its code is echoed', async () => {
      const { rig, gate } = await slowCloud(new Target(), closeFrame(1013, 'busy'));
      gate.open();
      const { silent, target } = await late(rig);
      const { summary } = rig.start({}, { target });
      const peer = await rig.cloud.peer();
      assert.equal(brief(await summary), 'failed cloud-protocol');
      assert.equal(peer.closed?.code, 1013);
      await silent.close();
      await rig.close();
    });

    test('cancelled while the upgrade is under way, both connections go', async () => {
      const { rig, gate } = await slowCloud(new Target());
      const { id, summary } = rig.start();
      const socket = await rig.target.connection();
      socket.resume();
      socket.once('end', () => socket.end());
      await untilTrue('the upgrade request', () => gate.waiting === 1);
      rig.host.command({ kind: 'close', sessionId: id, reason: 'admin', detail: 'closed by an operator' });
      const result = await summary;
      assert.equal(brief(result), 'failed cancelled');
      await untilTrue('no connection', () => rig.cloud.connections.size + rig.target.sockets.size === 0);
      await rig.close();
    });

    test('cancelled while the target is dialled, the tunnel goes', async () => {
      const { rig, gate } = await slowCloud(new Target());
      gate.open();
      const silent = await SilentPort.on('127.0.0.2');
      const { id, summary } = rig.start({}, { target: loopback(silent.port, 'plc', silent.host) });
      const peer = await rig.cloud.peer();
      peer.socket.write(frame(0x89, 'up?'));
      await untilTrue('our pong', () => peer.pongs.length === 1);
      rig.host.command({ kind: 'close', sessionId: id, reason: 'admin', detail: 'closed by an operator' });
      assert.equal(brief(await summary), 'failed cancelled');
      await silent.close();
      await untilTrue('our close frame', () => peer.closed !== undefined);
      await untilTrue('no connection', () => rig.cloud.connections.size === 0);
      await rig.close();
    });
  });
}

test('cancelled in the TLS handshake, both connections go', async () => {
  const identity = await serverIdentity();
  const silent = net.createServer((socket) => socket.resume().on('error', () => undefined));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as net.AddressInfo;
  const rig = await Rig.make({ ca: identity.ca });
  const { id, summary } = rig.start(
    {},
    { tunnel: { url: `wss://127.0.0.1:${port}/x`, endpoint: loopback(port) } },
  );
  const socket = await rig.target.connection();
  socket.resume();
  socket.once('end', () => socket.end());
  rig.host.command({ kind: 'close', sessionId: id, reason: 'admin', detail: 'test' });
  assert.equal(brief(await summary), 'failed cancelled');
  await new Promise((resolve) => silent.close(resolve));
  await silent.close();
  await rig.close();
});

test('cancelled at once, nothing is left', async () => {
  const rig = await Rig.make({});
  const { id, summary } = rig.start();
  rig.host.command({ kind: 'close', sessionId: id, reason: 'admin', detail: 'test' });
  assert.equal(brief(await summary), 'failed cancelled');
  await untilTrue('no connection', () => rig.cloud.connections.size + rig.target.sockets.size === 0);
  await rig.close();
});

test('two hundred sessions leave no handle and no timer', async () => {
  const rig = await Rig.make({});
  const one = await rig.open();
  one.socket.resume();
  one.socket.end();
  await one.summary;
  const settle = async (): Promise<string[]> => {
    await untilTrue('no connection', () => rig.cloud.connections.size + rig.target.sockets.size === 0);
    return process.getActiveResourcesInfo().filter((kind) => kind !== 'Timeout' && kind !== 'Immediate');
  };
  const base = (await settle()).sort();
  for (let round = 0; round < 10; round += 1) {
    const sessions = [];
    for (let n = 0; n < 20; n += 1)
      sessions.push(await rig.open({ idleTimeoutMs: 60_000, webSocketPingMs: 20_000 }));
    for (const [n, { id, peer, socket }] of sessions.entries()) {
      socket.resume();
      socket.once('end', () => socket.end());
      if (n % 4 === 0) socket.end('bye');
      else if (n % 4 === 1) peer.socket.write(closeFrame(1000));
      else if (n % 4 === 2) socket.resetAndDestroy();
      else rig.host.command({ kind: 'close', sessionId: id, reason: 'admin', detail: 'test' });
    }
    for (const { summary } of sessions) await summary;
  }
  assert.deepEqual((await settle()).sort(), base);
  await rig.close();
});

/** An endpoint that comes up late: its first address is silent, and the second has to wait for its turn. */
async function late(
  rig: Rig,
): Promise<{ readonly silent: SilentPort; readonly target: ReturnType<typeof loopback> }> {
  const silent = await SilentPort.on('127.0.0.2', rig.target.port);
  return { silent, target: { host: 'plc', port: rig.target.port, addresses: ['127.0.0.2', '127.0.0.1'] } };
}
