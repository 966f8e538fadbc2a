import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  answerSeed,
  HEADER_BYTES,
  MAX_PAYLOAD_BYTES,
  readHeader,
  sessionSeed,
  writeHeader,
  type ExchangeHeader,
} from '../../../bench/load/traffic/exchange-header.js';
import { ExchangeReader, type Fault } from '../../../bench/load/traffic/exchange-reader.js';
import { Pattern } from '../../../bench/traffic/pattern.js';

const SEED = 12;

const FIRST: ExchangeHeader = {
  kind: 'request',
  requestBytes: 30,
  responseBytes: 4,
  seed: SEED,
  position: 0,
};
const SECOND: ExchangeHeader = { ...FIRST, requestBytes: 0, position: 30 };
const THIRD: ExchangeHeader = { ...FIRST, requestBytes: 5, position: 30 };

/** Headers with their payload, as they are on the wire. */
function wire(...headers: readonly ExchangeHeader[]): Buffer {
  const pattern = new Pattern(SEED);
  const pieces = headers.map((header) => {
    const piece = Buffer.alloc(HEADER_BYTES + header.requestBytes);
    writeHeader(piece, 0, header);
    pattern.write(piece, HEADER_BYTES, header.position, header.requestBytes);
    return piece;
  });
  return Buffer.concat(pieces);
}

/** What a reader finds in the pieces. */
function read(...pieces: readonly Buffer[]): {
  headers: ExchangeHeader[];
  faults: Fault[];
  isBetween: boolean;
} {
  const headers: ExchangeHeader[] = [];
  const faults: Fault[] = [];
  const pattern = new Pattern(SEED);
  const reader = new ExchangeReader({
    onHeader: ({ requestBytes }) => ({ pattern, bytes: requestBytes }),
    onPayload: (header) => void headers.push(header),
    onFault: (fault) => void faults.push(fault),
  });
  // With something on both sides, because a piece is a range of a larger buffer.
  for (const piece of pieces) {
    const buffer = Buffer.concat([Buffer.from('before'), piece, Buffer.from('behind')]);
    reader.push(buffer, 6, 6 + piece.length);
  }
  return { headers, faults, isBetween: reader.isBetween };
}

test('exchanges are read whole wherever their bytes are cut', () => {
  const bytes = wire(FIRST, SECOND, THIRD);
  const whole = { headers: [FIRST, SECOND, THIRD], faults: [], isBetween: true };
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    assert.deepEqual(read(bytes.subarray(0, cut), bytes.subarray(cut)), whole, `cut at ${cut}`);
  }
  assert.deepEqual(read(...Array.from(bytes, (byte) => Buffer.from([byte]))), whole, 'byte by byte');
});

test('a stream that ends within an exchange is seen to', () => {
  const bytes = wire(FIRST);
  for (let cut = 1; cut < bytes.length; cut += 1) {
    assert.equal(read(bytes.subarray(0, cut)).isBetween, false, `cut at ${cut}`);
  }
});

test('a flipped bit of any payload byte is found at its position, and nothing is read behind it', () => {
  for (let at = 0; at < FIRST.requestBytes; at += 1) {
    const bytes = wire(FIRST, SECOND);
    bytes.writeUInt8(bytes.readUInt8(HEADER_BYTES + at) ^ 1, HEADER_BYTES + at);
    const { headers, faults } = read(bytes);
    assert.deepEqual([headers, faults], [[], [{ position: at, what: 'a wrong byte' }]]);
  }
});

test('bytes that are no header are a fault', () => {
  const bytes = wire(FIRST);
  bytes.writeUInt8(0, 0);
  assert.equal(read(bytes).faults.length, 1);
  assert.equal(readHeader(Buffer.alloc(HEADER_BYTES), 0), undefined);
});

test('headers come back as they were written, positions beyond 4 GiB too, and no payload is larger than agreed', () => {
  const buffer = Buffer.alloc(HEADER_BYTES + 3);
  for (const kind of ['request', 'answer', 'fault'] as const) {
    const header = { ...FIRST, kind, position: 5 * 2 ** 32 + 17, responseBytes: MAX_PAYLOAD_BYTES };
    writeHeader(buffer, 3, header);
    assert.deepEqual(readHeader(buffer, 3), header);
  }
  writeHeader(buffer, 0, { ...FIRST, responseBytes: MAX_PAYLOAD_BYTES + 1 });
  assert.equal(readHeader(buffer, 0), undefined);
});

test('ten thousand sessions have twenty thousand different patterns', () => {
  const seeds = Array.from({ length: 10_000 }, (_, number) => sessionSeed(number));
  const places = [...seeds, ...seeds.map(answerSeed)].map((seed) =>
    new Pattern(seed).view(0, 8).toString('hex'),
  );
  assert.equal(new Set(places).size, 20_000);
});
