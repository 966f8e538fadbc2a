import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HardSwitch, type SwitchState } from '../../../src/switch/hard-switch.js';
import { IS_ON, off, readingOf } from '../../../src/switch/switch-value.js';

for (const [content, expected] of [
  ['on', true],
  ['ON\r\n', true],
  [' 1 ', true],
  ['true\n', true],
  ['off', false],
  ['0', false],
  ['', false],
  ['open', false],
  ['yes', false],
  ['11', false],
  ['on off', false],
  ['on\0', false],
  ['{"on":true}', false],
  [`on${' '.repeat(31)}`, false],
] as const) {
  test(`a switch that holds ${JSON.stringify(content)} is ${expected ? 'on' : 'off'}`, () => {
    assert.equal(readingOf(Buffer.from(content)).isOn, expected);
  });
}

test('full-width digits and other look-alikes are not on', () => {
  for (const text of ['１', 'ｏｎ', 'on\u200b', '\ufeffon'])
    assert.equal(readingOf(Buffer.from(text)).isOn, false, text);
});

test('with two parts both have to be on, and each is off until it was read', () => {
  const [file, topic] = [
    { name: 'the file', howTo: 'write' },
    { name: 'the topic', howTo: 'publish' },
  ];
  const states: SwitchState[] = [];
  const hardSwitch = new HardSwitch([file, topic], (state) => states.push(state));
  assert.equal(hardSwitch.state.state, 'off');
  hardSwitch.read(file, IS_ON);
  hardSwitch.read(topic, IS_ON);
  hardSwitch.read(topic, IS_ON);
  hardSwitch.read(file, off('is not there'));
  hardSwitch.read(topic, off('says off'));
  hardSwitch.read(file, IS_ON);
  const off1 = { state: 'off', reason: 'The hard switch is off: the topic has not been read yet.' };
  assert.deepEqual(
    states.map((state) => (state.state === 'off' ? state.reason : state.state)),
    [
      off1.reason,
      'on',
      'The hard switch is off: the file is not there.',
      'The hard switch is off: the topic says off.',
    ],
  );
});

test('without any part there is no switch', async () => {
  const hardSwitch = new HardSwitch([], () => assert.fail());
  await hardSwitch.settled();
  assert.deepEqual(hardSwitch.state, { state: 'none' });
});
