import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { serverIdentity } from '../../../helpers/certificates.js';
import { closeFrame, frame } from '../../../helpers/raw-cloud.js';
import { assertSameBytes, between, cut, seededBytes, seededRandom } from '../../../helpers/seeded-stream.js';
import { Rig } from '../../../helpers/session-rig.js';
import { readAll } from '../../../helpers/targets.js';

const ENDS = [
  'target FIN',
  'target RST',
  'cloud close frame',
  'cloud FIN',
  'cloud RST',
  'admin',
  'garbage',
] as const;

/** Clean ends promise everything that the ending side had sent; the others a part of it, unchanged. */
const CLEAN = { up: new Set(['target FIN']), down: new Set(['cloud close frame', 'cloud FIN', 'garbage']) };

for (const secure of [false, true]) {
  describe(`sessions that end somewhere in the middle of two streams, over ${secure ? 'TLS' : 'TCP'}`, () => {
    let rig: Rig;
    before(async () => {
      const identity = secure ? await serverIdentity() : undefined;
      rig = await Rig.make(
        identity === undefined ? {} : { cloud: { tls: identity.server }, ca: identity.ca },
      );
    });
    after(() => rig.close());

    for (let seed = 1; seed <= 28; seed += 1) {
      const end = ENDS[seed % ENDS.length] ?? 'admin';
      test(`${end}, seed ${seed}`, async () => {
        const random = seededRandom(seed);
        const { id, peer, socket, summary } = await rig.open();
        const up = seededBytes(seed * 2, 700_000);
        const down = seededBytes(seed * 2 + 1, 700_000);
        const read = readAll(socket);
        socket.once('end', () => socket.end());
        const pieces = { up: [...cut(up, random, 20_000)], down: [...cut(down, random, 20_000)] };
        const stop = between(random, 0, Math.min(pieces.up.length, pieces.down.length) - 1);
        let sentUp = 0;
        let sentDown = 0;
        for (let n = 0; n < stop; n += 1) {
          const [pieceUp, pieceDown] = [pieces.up[n], pieces.down[n]];
          if (pieceUp === undefined || pieceDown === undefined) break;
          socket.write(pieceUp);
          peer.socket.write(frame(0x82, pieceDown));
          sentUp += pieceUp.length;
          sentDown += pieceDown.length;
          if (random() % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
        }
        const acts: Record<(typeof ENDS)[number], () => void> = {
          'target FIN': () => void socket.end(),
          'target RST': () => void socket.resetAndDestroy(),
          'cloud close frame': () => void peer.socket.write(closeFrame(1000)),
          'cloud FIN': () => void peer.socket.end(),
          'cloud RST': () => rig.cloud.reset(peer),
          admin: () => rig.host.command({ kind: 'close', sessionId: id, reason: 'admin', detail: 'test' }),
          garbage: () => void peer.socket.write(Buffer.from([0xff, 0xff])),
        };
        acts[end]();
        const result = await summary;
        assert.equal(result.outcome, 'ended');
        const gotUp = peer.received();
        const { bytes: gotDown } = await read;
        assertSameBytes(gotUp, up.subarray(0, gotUp.length));
        assertSameBytes(gotDown, down.subarray(0, gotDown.length));
        if (CLEAN.up.has(end)) assert.equal(gotUp.length, sentUp);
        if (CLEAN.down.has(end)) assert.equal(gotDown.length, sentDown);
        assert.ok(result.uplinkBytes >= gotUp.length || end === 'target RST' || end === 'cloud RST');
        assert.equal(peer.violation, undefined);
      });
    }
  });
}
