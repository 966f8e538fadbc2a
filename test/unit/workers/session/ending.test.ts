import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { SessionLimits, SessionSummary } from '../../../../contract/messages.js';
import { serverIdentity } from '../../../helpers/certificates.js';
import { closeFrame, frame, type CloudPeer } from '../../../helpers/raw-cloud.js';
import { Rig, brief } from '../../../helpers/session-rig.js';
import { readAll } from '../../../helpers/targets.js';
import { until, untilTrue } from '../../../helpers/until.js';

for (const secure of [false, true]) {
  describe(secure ? 'over TLS' : 'over TCP', () => {
    let rig: Rig;
    before(async () => {
      const identity = secure ? await serverIdentity() : undefined;
      rig = await Rig.make(
        identity === undefined ? {} : { cloud: { tls: identity.server }, ca: identity.ca },
      );
    });
    after(() => rig.close());

    /** Bytes first, to see that what came before the end arrives, then `end`; the target closes when we do. */
    async function endedBy(
      end: (peer: CloudPeer) => void,
      limits: Partial<SessionLimits> = {},
    ): Promise<{ readonly peer: CloudPeer; readonly down: string; readonly summary: SessionSummary }> {
      const { peer, socket, summary } = await rig.open(limits);
      const read = readAll(socket);
      socket.once('end', () => socket.end());
      peer.socket.write(frame(0x82, 'before'));
      end(peer);
      const { bytes } = await read;
      return { peer, down: bytes.toString(), summary: await summary };
    }

    for (const code of [1000, 1001, 1008, 1011, 3000, 4999]) {
      test(`close code ${code} of the cloud is echoed`, async () => {
        const { peer, down, summary } = await endedBy((cloud) => cloud.socket.write(closeFrame(code, 'why')));
        assert.equal(down, 'before');
        assert.equal(peer.closed?.code, code);
        assert.equal(summary.outcome === 'ended' && summary.detail, `${code} why`);
        await untilTrue('our FIN', () => peer.hasEnded);
      });
    }

    for (const [what, bytes, code, reason] of [
      ['a reserved bit', frame(0xc2, 'x'), 1002, 'cloud-protocol'],
      ['text that is not UTF-8', frame(0x81, Buffer.from([0xff])), 1007, 'cloud-protocol'],
      ['a bad close reason', closeFrame(1000, '').fill(0), 1002, 'cloud-protocol'],
      ['a close reason that is not UTF-8', Buffer.from('880403e8c328', 'hex'), 1007, 'cloud-protocol'],
      ['a message that is too big', frame(0x82, '', 16_777_217), 1009, 'cloud-too-big'],
      [
        'a flood of pings',
        Buffer.concat([...Array<Buffer>(1_001).fill(frame(0x89, 'p')), frame(0x82, 'behind')]),
        1008,
        'ping-flood',
      ],
    ] as const) {
      test(`${what} ends the session with ${code}, behind the bytes before it`, async () => {
        const { peer, down, summary } = await endedBy((cloud) => cloud.socket.write(bytes));
        assert.equal(down, 'before');
        assert.deepEqual(peer.closed, { code, reason });
        assert.equal(brief(summary), `ended ${reason}`);
      });
    }

    test('a cloud that ends TCP without a close frame is cloud-fin', async () => {
      const { down, summary } = await endedBy((cloud) => cloud.socket.end());
      assert.equal(down, 'before');
      assert.equal(brief(summary), 'ended cloud-fin');
    });

    test('a cloud that resets is cloud-reset, and the target gets FIN', async () => {
      const { peer, socket, summary } = await rig.open();
      const read = readAll(socket);
      socket.once('end', () => socket.end());
      rig.cloud.reset(peer);
      assert.equal((await read).error, undefined);
      assert.equal(brief(await summary), 'ended cloud-reset');
    });

    test('a target that resets closes the tunnel with 1011', async () => {
      const { peer, socket, summary } = await rig.open();
      socket.write('last');
      await untilTrue('its bytes', () => peer.bytes === 4);
      socket.resetAndDestroy();
      assert.equal(brief(await summary), 'ended target-reset');
      assert.deepEqual(peer.closed, { code: 1011, reason: 'target-reset' });
    });

    for (const reason of ['admin', 'shutdown', 'policy-revoked'] as const) {
      test(`closing it from here (${reason}) sends 1001 and FIN behind what was read`, async () => {
        const { id, peer, socket, summary } = await rig.open();
        const read = readAll(socket);
        socket.once('end', () => socket.end());
        socket.write('up');
        peer.socket.write(frame(0x82, 'down'));
        await untilTrue('both ways', () => peer.bytes === 2 && socket.bytesRead === 4);
        rig.host.command({ kind: 'close', sessionId: id, reason, detail: 'test' });
        rig.host.command({ kind: 'close', sessionId: id, reason: 'idle', detail: 'a second cause' });
        assert.equal((await read).bytes.toString(), 'down');
        assert.equal(brief(await summary), `ended ${reason}`);
        assert.deepEqual(peer.closed, { code: 1001, reason });
      });
    }

    for (const [reason, limits] of [
      ['idle', { idleTimeoutMs: 300 }],
      ['max-duration', { sessionDurationMs: 300 }],
      ['cloud-ping-timeout', { webSocketPingMs: 200 }],
    ] as const) {
      test(`${reason} closes with 1001 and names itself`, async () => {
        const { peer, socket, summary } = await rig.open(limits);
        socket.once('end', () => socket.end());
        socket.resume();
        assert.equal(brief(await summary), `ended ${reason}`);
        assert.deepEqual(peer.closed, { code: 1001, reason });
        assert.equal(peer.pings.length > 0, reason === 'cloud-ping-timeout');
      });
    }

    test('a ping is answered with its payload, also between the fragments of a message', async () => {
      const { id, peer, socket, summary } = await rig.open();
      socket.once('end', () => socket.end());
      socket.resume();
      peer.socket.write(Buffer.concat([frame(0x02, 'a'), frame(0x89, 'hello'), frame(0x80, 'b')]));
      await untilTrue('a pong', () => peer.pongs.length === 1);
      assert.equal(peer.pongs[0]?.toString(), 'hello');
      rig.host.command({ kind: 'close', sessionId: id, reason: 'admin', detail: 'test' });
      await summary;
      assert.equal(peer.violation, undefined);
    });

    test('of pings that come together the first and the newest are answered', async () => {
      const { id, peer, socket, summary } = await rig.open();
      socket.once('end', () => socket.end());
      socket.resume();
      const pings = Array.from({ length: 500 }, (_, number) => frame(0x89, String(number)));
      peer.socket.write(Buffer.concat(pings));
      await untilTrue('the newest', () => peer.pongs.at(-1)?.toString() === '499');
      assert.ok(peer.pongs.length < 100, `${peer.pongs.length} pongs`);
      rig.host.command({ kind: 'close', sessionId: id, reason: 'admin', detail: 'test' });
      await summary;
    });

    test('a close handshake that nobody answers is cut after its deadline', async () => {
      const { peer, socket, summary } = await rig.open();
      peer.onClosed = () => undefined;
      socket.end();
      const startMs = performance.now();
      assert.equal(brief(await summary), 'ended target-fin');
      assert.ok(performance.now() - startMs >= 4_900);
    });

    test('both sides may end at once', async () => {
      const { peer, socket, summary } = await rig.open();
      socket.resume();
      socket.end('x');
      peer.socket.end(closeFrame(1000));
      assert.match(brief(await summary), /^ended (target-fin|cloud-close)$/);
    });
  });
}

describe('a session that is closed while others run', () => {
  test('an exception in a callback ends that session only', async () => {
    const rig = await Rig.make({});
    const neighbour = await rig.open();
    neighbour.socket.on('data', (bytes: Buffer) => neighbour.socket.write(bytes));
    const explode = (name: keyof SessionLimits, from: number): Partial<SessionLimits> => {
      let calls = 0;
      return {
        get [name](): number {
          calls += 1;
          if (calls >= from) throw new Error('injected');
          return 0;
        },
      };
    };
    // Spread would read a getter: these limits are looked at late, in a dial's callback and in a tick.
    for (const name of ['bufferBytes', 'idleTimeoutMs'] as const) {
      const summary = await until('the end', rig.run(explode(name, 1)));
      assert.equal(
        summary.outcome === 'failed' ? summary.code : summary.reason,
        'internal-error',
        JSON.stringify(summary),
      );
    }
    neighbour.peer.socket.write(frame(0x82, 'still there'));
    await untilTrue('the echo', () => neighbour.peer.received().toString() === 'still there');
    neighbour.socket.end();
    assert.equal(brief(await neighbour.summary), 'ended target-fin');
    await rig.close();
  });
});
