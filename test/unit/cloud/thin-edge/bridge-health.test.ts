import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bridgeHealth, BridgeState } from '../../../../src/cloud/thin-edge/bridge-health.js';

for (const [text, expected] of [
  ['1', 'up'],
  ['0', 'down'],
  ['up', 'up'],
  ['down', 'down'],
  ['{"pid":51367,"status":"up","time":1710236345.28}', 'up'],
  ['{"status":"down"}', 'down'],
  ['{"status":"unknown"}', undefined],
  ['', undefined],
  ['{', undefined],
  ['null', undefined],
  [`"${'x'.repeat(5_000)}"`, undefined],
] as const) {
  test(`the health message ${text.slice(0, 20)} means ${expected ?? 'nothing'}`, () => {
    assert.equal(bridgeHealth(Buffer.from(text)), expected);
  });
}

test('a bridge of which nothing is known counts as up', async () => {
  const state = new BridgeState();
  assert.equal(state.isDown, false);
  await state.becomes('up');
});

test('of two bridges that tell, one that is up is enough', async () => {
  const state = new BridgeState();
  state.take('mosquitto', Buffer.from('0'));
  assert.equal(state.isDown, true);
  const up = state.becomes('up');
  state.take('built-in', Buffer.from('{"status":"up"}'));
  await up;
  const down = state.becomes('down');
  state.take('built-in', Buffer.from('down'));
  await down;
  state.take('mosquitto', Buffer.from(''));
  state.take('built-in', Buffer.from(''));
  assert.equal(state.isDown, false, 'their messages were taken away');
});
