import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { after, before, describe, test } from 'node:test';
import { acceptHead } from '../helpers/raw-cloud.js';
import { brief, Rig } from '../helpers/session-rig.js';
import { echo, Target } from '../helpers/targets.js';
import { broken, frame, OPCODE, ping, send, type Outcome } from './case.js';
import { baseCases, FAMILIES } from './cases/all.js';
import { SEQUENCES } from './cases/utf8-sequences.js';
import { Runner } from './runner.js';

/** Cases of 12.x and 13.x, which need permessage-deflate. */
const COMPRESSION_CASES = 216;

/** "Hello" as permessage-deflate sends it (RFC 7692 section 7.2.3.1). */
const DEFLATED = Buffer.from('f248cdc9c90700', 'hex');

const cases = baseCases();
const passed: Record<Outcome, number> = { OK: 0, 'NON-STRICT': 0, INFORMATIONAL: 0 };

describe('the base cases of the Autobahn test suite', () => {
  let runner: Runner;
  before(async () => {
    runner = await Runner.make();
  });
  after(() => runner.stop());

  for (const one of cases) {
    const outcome = one.why === undefined ? one.outcome : `${one.outcome}: ${one.why}`;
    test(`${one.id} ${one.what} (${outcome})`, async () => {
      await runner.play(one);
      passed[one.outcome] += 1;
    });
  }

  test('12.x is not offered: a compressed message is refused for its RSV1 (90 cases)', async () => {
    const compressed = [frame(OPCODE.text, DEFLATED, { rsv: 4 }), ping()];
    await runner.play(broken(['12', 'a compressed message'], [send(compressed)], 1002));
    const { fuzzer, running } = await runner.open();
    assert.doesNotMatch(fuzzer.request, /sec-websocket-extensions/i);
    runner.rig.host.command({ kind: 'close', sessionId: running.id, reason: 'admin', detail: 'seen' });
    await running.summary;
  });

  test('301 cases are there, by family, and each was played', (t) => {
    const counts: Record<string, number> = {};
    for (const { id } of cases) {
      const family = id.split('.')[0] ?? '';
      counts[family] = (counts[family] ?? 0) + 1;
    }
    assert.deepEqual(counts, FAMILIES);
    assert.equal(new Set(cases.map(({ id }) => id)).size, 301);
    const { OK: ok, 'NON-STRICT': nonStrict, INFORMATIONAL: informational } = passed;
    assert.equal(ok + nonStrict + informational, 301);
    t.diagnostic(`301 cases: ${ok} OK, ${nonStrict} NON-STRICT, ${informational} INFORMATIONAL`);
    t.diagnostic(`${COMPRESSION_CASES} cases of 12.x and 13.x: compression is not offered`);
  });
});

test('13.x is not offered: parameters of an extension nobody asked for fail the upgrade (126 cases)', async () => {
  const extension = 'Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=9\r\n\r\n';
  const rig = await Rig.make({
    cloud: {
      answer: (socket, request) => socket.write(acceptHead(request).replace(/\r\n$/, extension)),
    },
    target: new Target(echo),
  });
  try {
    assert.equal(brief(await rig.start().summary), 'failed cloud-protocol');
  } finally {
    await rig.close();
  }
});

test('the marks of the text sequences agree with the platform', () => {
  for (const marked of SEQUENCES.flatMap(({ hex }) => hex)) {
    const bytes = Buffer.from(marked.replace('!', ''), 'hex');
    assert.equal(isUtf8(bytes), !marked.startsWith('!'), marked);
  }
});
