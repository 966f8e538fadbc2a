import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { serverIdentity, type Identity } from '../../../helpers/certificates.js';
import { accept, closeFrame, frame } from '../../../helpers/raw-cloud.js';
import { assertSameBytes, seededBytes } from '../../../helpers/seeded-stream.js';
import { Rig, brief } from '../../../helpers/session-rig.js';
import { lateTarget, slowCloud } from '../../../helpers/slow-cloud.js';
import { Target, banner, halfClosing, readAll } from '../../../helpers/targets.js';
import { untilTrue } from '../../../helpers/until.js';

for (const secure of [false, true]) {
  describe(secure ? 'over TLS' : 'over TCP', () => {
    let identity: Identity | undefined;
    before(async () => {
      identity = secure ? await serverIdentity() : undefined;
    });

    test('what the target says before the tunnel is up arrives first', async () => {
      const { rig, gate } = await slowCloud(identity, new Target(banner('SSH-2.0-early\r\n')));
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
      const { rig, gate } = await slowCloud(identity, new Target(halfClosing(bytes)));
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
      const { rig, gate } = await slowCloud(identity, new Target(halfClosing(bytes)));
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
        const { rig, gate } = await slowCloud(identity, new Target(), glued);
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
        const { rig, gate } = await slowCloud(identity, new Target(), glued);
        gate.open();
        const { silent, target } = await lateTarget(rig);
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
      const { rig, gate } = await slowCloud(identity, new Target());
      gate.open();
      const { silent, target } = await lateTarget(rig);
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
  });
}
