import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generationMessage, parentMessage } from '../../../src/generations/messages.js';

const handOver = {
  remembered: [
    ['4711', 'hash'],
    ['4712', null],
  ],
  guests: [{ id: 'a', conduit: 'c', addresses: ['10.0.0.1'], port: 22 }],
};

const FOR_GENERATIONS = [
  { kind: 'prepare', generation: 2, elders: [1], stateDirectory: null, proveCloud: true },
  {
    kind: 'take-over',
    elders: [],
    ended: [1],
    isOverdue: false,
    admin: { host: '127.0.0.1', port: 1 },
    handOver,
  },
  { kind: 'adopt', handOver },
  { kind: 'release' },
  { kind: 'retire' },
  { kind: 'expire', afterMs: 1, spreadMs: 0 },
  { kind: 'drain' },
  { kind: 'stop' },
  { kind: 'confirmed', id: 1, inCharge: false },
  { kind: 'ask', id: 1, question: { kind: 'close', sessionId: 'a' } },
  { kind: 'answer', id: 1, value: [] },
  { kind: 'guest-gone', sessionId: 'a' },
  { kind: 'elder-ended', generation: 1, sessions: ['a'] },
  { kind: 'news', news: { operationId: '4711' } },
  { kind: 'note', level: 'warn', text: 'x', fields: {} },
];

const FOR_THE_PARENT = [
  { kind: 'loaded', protocol: 1, stateDirectory: '/var/lib/gatehouse' },
  { kind: 'failed', exitCode: 78, sentences: ['x'] },
  { kind: 'ready' },
  { kind: 'in-charge' },
  { kind: 'released', handOver },
  { kind: 'link', connected: true },
  { kind: 'confirm', id: 1 },
  { kind: 'drain-asked' },
  { kind: 'session-ended', sessionId: 'a' },
  { kind: 'news', news: { operationId: '4711' } },
  { kind: 'ask', id: 1, generation: 1, question: { kind: 'status' } },
  { kind: 'ask', id: 2, generation: 1, question: { kind: 'activity' } },
  { kind: 'answer', id: 1 },
];

test('every message passes the check of the other end as it is', () => {
  for (const message of FOR_GENERATIONS) assert.equal(parentMessage(message), message);
  for (const message of FOR_THE_PARENT) assert.equal(generationMessage(message), message);
});

test('what is no message of this version is nothing', () => {
  for (const value of [undefined, null, 7, 'stop', [], {}, { kind: 'toString' }, { kind: 'explode' }]) {
    assert.equal(parentMessage(value), undefined);
    assert.equal(generationMessage(value), undefined);
  }
});

test('a field that is missing or of another kind makes a message nothing', () => {
  // Only `admin` and `value` may be missing.
  const optional = ['admin', 'value'];
  for (const [check, messages] of [
    [parentMessage, FOR_GENERATIONS],
    [generationMessage, FOR_THE_PARENT],
  ] as const) {
    for (const message of messages) {
      for (const field of Object.keys(message).filter(
        (name) => name !== 'kind' && !optional.includes(name),
      )) {
        const rest = Object.fromEntries(Object.entries(message).filter(([name]) => name !== field));
        assert.equal(check(rest), undefined, `${message.kind} without ${field}`);
        assert.equal(
          check({ ...message, [field]: (): number => 0 }),
          undefined,
          `${message.kind} with a bad ${field}`,
        );
      }
    }
  }
});
