import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorLines } from '../../../src/cloud/mqtt-errors.js';

const linesOf = (text: string) => errorLines(Buffer.from(text));

test('B15: each line of an error message stands alone, whatever ends it', () => {
  assert.deepEqual(linesOf('41,100,Device already existing\r\n50,506,No such operation\r\n\n45,,x\r'), [
    '41,100,Device already existing',
    '50,506,No such operation',
    '45,,x',
  ]);
  assert.deepEqual(linesOf(''), []);
});

test('nothing but printable ASCII comes out, and not too much of it', () => {
  assert.deepEqual(linesOf('50,\u001b[2J\u0007\u202e€'), ['50,?[2J???']);
  assert.deepEqual(
    linesOf('x'.repeat(10_000)).map(({ length }) => length),
    [160],
  );
  assert.equal(linesOf('y\n'.repeat(60_000)).length, 20);
  assert.equal(errorLines(Uint8Array.of(0xff, 0xfe, 0x41)).length, 1);
});
