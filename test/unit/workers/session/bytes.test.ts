import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { assertSameBytes, cut, seededBytes, seededRandom } from '../../../helpers/seeded-stream.js';
import { Rig } from '../../../helpers/session-rig.js';
import { readAll } from '../../../helpers/targets.js';
import { closeFrame, frame } from '../../../helpers/raw-cloud.js';
import { serverIdentity } from '../../../helpers/certificates.js';
import { until, untilTrue } from '../../../helpers/until.js';

const SIZES = [
  0, 1, 125, 126, 127, 16_375, 16_376, 16_377, 65_535, 65_536, 65_537, 1_048_575, 1_048_577, 16_777_217,
];

for (const secure of [false, true]) {
  describe(secure ? 'over TLS' : 'over TCP', () => {
    let rig: Rig;
    before(async () => {
      const identity = secure ? await serverIdentity() : undefined;
      rig = await Rig.make({
        cloud: identity === undefined ? {} : { tls: identity.server },
        ...(identity === undefined ? {} : { ca: identity.ca }),
      });
    });
    after(() => rig.close());

    for (const size of SIZES) {
      test(`${size} bytes go up exactly, then the target's end as close 1000`, async () => {
        const { peer, socket, summary } = await rig.open();
        const bytes = seededBytes(size, size);
        for (const piece of cut(bytes, seededRandom(size + 1))) socket.write(piece);
        socket.end();
        const result = await summary;
        assertSameBytes(peer.received(), bytes);
        assert.deepEqual(peer.closed, { code: 1000, reason: 'target-fin' });
        assert.equal(peer.violation, undefined);
        assert.equal(result.outcome === 'ended' && result.reason, 'target-fin');
        assert.equal(result.uplinkBytes, size);
      });

      test(`${size} bytes come down exactly, then the cloud's close frame as FIN`, async () => {
        const { peer, socket, summary } = await rig.open();
        const bytes = seededBytes(size, size);
        const read = readAll(socket);
        socket.once('end', () => socket.end());
        const random = seededRandom(size + 2);
        for (const piece of cut(bytes, random)) peer.socket.write(frame(0x82, piece));
        peer.socket.write(closeFrame(1000, 'done'));
        const { bytes: got, error } = await read;
        assertSameBytes(got, bytes);
        assert.equal(error, undefined);
        const result = await summary;
        assert.equal(
          result.outcome === 'ended' && `${result.reason} ${result.detail}`,
          'cloud-close 1000 done',
        );
        assert.equal(result.downlinkBytes, size);
        assert.equal(peer.closed?.code, 1000);
      });
    }

    test('frames whose bytes are cut anywhere arrive exactly', async () => {
      const { peer, socket, summary } = await rig.open();
      const bytes = seededBytes(7, 3_000_000);
      const random = seededRandom(99);
      const wire = Buffer.concat([...cut(bytes, random, 20_000)].map((piece) => frame(0x82, piece)));
      const read = readAll(socket);
      socket.once('end', () => socket.end());
      for (const piece of cut(wire, random, 30_000)) {
        if (!peer.socket.write(piece)) await until('drain', new Promise((r) => peer.socket.once('drain', r)));
        if (random() % 4 === 0) await new Promise((r) => setImmediate(r));
      }
      peer.socket.write(closeFrame());
      assertSameBytes((await read).bytes, bytes);
      await summary;
      assert.equal(peer.closed?.code, 1005);
    });

    for (const end of ['fin', 'destroy'] as const) {
      test(`everything the cloud sent before its ${end} reaches a slow target`, async () => {
        const { peer, socket, summary } = await rig.open();
        socket.pause();
        const bytes = seededBytes(11, 2_000_000);
        peer.send(bytes);
        if (end === 'fin') peer.socket.end();
        else peer.socket.end(() => peer.socket.destroySoon());
        await new Promise((r) => setImmediate(r));
        const read = readAll(socket);
        socket.resume();
        socket.once('end', () => socket.end());
        assertSameBytes((await read).bytes, bytes);
        const result = await summary;
        assert.equal(result.outcome === 'ended' && result.reason, 'cloud-fin');
      });
    }

    test('everything the target sent before its FIN reaches a slow cloud', async () => {
      const { peer, socket, summary } = await rig.open();
      peer.socket.pause();
      const bytes = seededBytes(12, 4_000_000);
      socket.end(bytes);
      await untilTrue('bytes in flight', () => socket.bytesWritten > 500_000);
      peer.socket.resume();
      await summary;
      assertSameBytes(peer.received(), bytes);
      assert.equal(peer.closed?.code, 1000);
    });

    test('both directions run at once, and neither changes the other', async () => {
      const { peer, socket, summary } = await rig.open();
      const up = seededBytes(21, 5_000_003);
      const down = seededBytes(22, 5_000_007);
      const read = readAll(socket);
      peer.onClosed = () => undefined;
      for (const piece of cut(up, seededRandom(3))) socket.write(piece);
      for (const piece of cut(down, seededRandom(4))) peer.socket.write(frame(0x82, piece));
      await untilTrue('all bytes at the cloud', () => peer.bytes >= up.length);
      peer.socket.end(closeFrame(1000));
      assertSameBytes((await read).bytes, down);
      socket.end();
      await summary;
      assertSameBytes(peer.received(), up);
    });

    test("after the target's FIN the cloud's bytes still arrive until it closes", async () => {
      const { peer, socket, summary } = await rig.open();
      peer.onClosed = () => undefined;
      socket.end('last words');
      await untilTrue('our close frame', () => peer.closed !== undefined);
      const down = seededBytes(31, 500_000);
      const read = readAll(socket);
      peer.send(down);
      peer.socket.end(closeFrame(1000));
      assertSameBytes((await read).bytes, down);
      const result = await summary;
      assert.equal(result.outcome === 'ended' && result.reason, 'target-fin');
      assert.equal(peer.received().toString(), 'last words');
    });

    test('twenty sessions with stalls and small socket buffers never mix their bytes', async () => {
      const sessions: Awaited<ReturnType<typeof rig.open>>[] = [];
      // One after the other, so that each target connection is known to belong to its tunnel.
      for (let opened = 0; opened < 20; opened += 1) sessions.push(await rig.open());
      await Promise.all(
        sessions.map(async ({ peer, socket, summary }, index) => {
          const random = seededRandom(1_000 + index);
          const down = seededBytes(100 + index, 600_000);
          const up = seededBytes(200 + index, 600_000);
          const stall = (stream: NodeJS.ReadableStream): void => {
            stream.on('data', () => {
              if (random() % 5 !== 0) return;
              stream.pause();
              setTimeout(() => stream.resume(), random() % 8);
            });
          };
          const read = readAll(socket);
          stall(socket);
          stall(peer.socket);
          peer.onClosed = () => undefined;
          for (const piece of cut(down, random, 9_000)) peer.socket.write(frame(0x82, piece));
          for (const piece of cut(up, random, 9_000)) socket.write(piece);
          await untilTrue('all bytes at the cloud', () => peer.bytes >= up.length);
          peer.socket.end(closeFrame(1000));
          assertSameBytes((await read).bytes, down);
          socket.end();
          await summary;
          assertSameBytes(peer.received(), up);
        }),
      );
    });
  });
}
