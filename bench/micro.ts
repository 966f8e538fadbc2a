import { randomBytes } from 'node:crypto';
import { Bench } from 'tinybench';
import { parseOperation } from '../src/cloud/operation.js';
import { ConduitTable } from '../src/policy/conduit-table.js';
import { decide } from '../src/policy/decide.js';
import { NO_SESSIONS } from '../src/policy/question.js';
import { GatewayAddresses } from '../src/policy/reach.js';
import { OPCODE, writeHeader } from '../workers/relay/frame-header.js';
import { FrameReader } from '../workers/relay/frame-reader.js';
import { Masker } from '../workers/relay/mask.js';
import { SlotPool, type SlotOwner } from '../workers/relay/slot-pool.js';

/*
 * What the parts of the agent cost on their own: `npm run bench [-- WORD]` runs the benches whose name contains WORD.
 * Figures of one machine compare with each other, not with those of another.
 */
const MASK_BYTES = [16, 64, 1_024, 16_376, 65_536];
const FRAME_BYTES = [64, 1_024, 16_376];
const STREAM_BYTES = 65_536;
const CONDUITS = 10_000;

const bench = new Bench({ time: 300, warmupTime: 50 });
addMasking();
addFrames();
addSlots();
addDecisions();

const word = process.argv[2] ?? '';
for (const { name } of [...bench.tasks]) if (!name.includes(word)) bench.remove(name);
await bench.run();
console.table(bench.table());

function addMasking(): void {
  const masker = new Masker();
  masker.renewKey();
  for (const bytes of MASK_BYTES) {
    const source = randomBytes(bytes);
    const target = Buffer.alloc(bytes);
    bench.add(`mask while copying ${bytes} B`, () => masker.maskCopy(source, 0, target, 0, bytes));
  }
}

function addFrames(): void {
  const target = Buffer.alloc(16);
  const key = randomBytes(4);
  bench.add('frame header', () => void writeHeader(target, 0, OPCODE.binary, 16_376, key));
  for (const bytes of FRAME_BYTES) {
    const stream = serverFrames(bytes);
    let taken = 0;
    const handler = {
      onPayload: (_buffer: Buffer, start: number, end: number) => void (taken += end - start),
      onPing: () => undefined,
      onClose: () => undefined,
    };
    const reader = new FrameReader(handler, Number.MAX_SAFE_INTEGER);
    bench.add(`read 64 KiB of ${bytes} B frames`, () => void reader.push(stream, 0, stream.length));
  }
}

/** Whole unmasked frames, about 64 KiB of them. */
function serverFrames(payloadBytes: number): Buffer {
  const header =
    payloadBytes < 126
      ? Buffer.from([0x82, payloadBytes])
      : Buffer.from([0x82, 126, payloadBytes >> 8, payloadBytes & 0xff]);
  const frame = Buffer.concat([header, randomBytes(payloadBytes)]);
  return Buffer.concat(Array.from({ length: Math.ceil(STREAM_BYTES / frame.length) }, () => frame));
}

function addSlots(): void {
  const pool = new SlotPool();
  const owner: SlotOwner = { onWritten: () => undefined };
  bench.add('slot taken and given back', () => pool.give(pool.take(STREAM_BYTES, owner)));
}

function addDecisions(): void {
  const document = {
    id: '90018',
    deviceId: '40512',
    status: 'PENDING',
    creationTime: '2026-11-03T08:15:42.118Z',
    c8y_RemoteAccessConnect: {
      hostname: '10.7.3.31',
      port: 5900,
      connectionKey: '77c20b8f-3a52-4f0c-9a35-5d3c1e7f9b10',
    },
  };
  bench.add('operation parsed', () => void parseOperation(document));
  const table = new ConduitTable(
    Array.from({ length: CONDUITS }, (_, index) => ({
      name: `conduit-${index}`,
      host: `10.${index >> 8}.${index & 255}.0/24`,
      ports: [{ from: 5900, to: 5900 }],
      maxSessions: undefined,
      idleTimeoutMs: undefined,
      sessionDurationMs: undefined,
      source: { file: 'gatehouse.yaml', line: index + 1 },
    })),
  );
  const question = {
    hostname: '10.7.3.31',
    addresses: ['10.7.3.31'],
    port: 5900,
    child: undefined,
    conduits: table,
    gateway: new GatewayAddresses({ kind: 'off' }, []),
    limits: { sessions: 10_000, sessionsPerTarget: 64 },
    counts: NO_SESSIONS,
  };
  bench.add(`policy decision at ${CONDUITS} conduits`, () => void decide(question));
}
