import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApprovalAnswer, ApprovalView } from '../../../contract/approval.js';
import { ApprovalTopic } from '../../../src/approval/approval-topic.js';
import type { ApprovalSite } from '../../../src/approval/site.js';
import { matches, type PlantListener } from '../../../src/plant/plant-broker.js';
import { APPROVAL } from '../admin/admin-helpers.js';

/** A broker that keeps what is published, and speaks to those who listen. */
class FakeBroker {
  readonly listeners: PlantListener[] = [];
  readonly messages: [topic: string, payload: string, retain: boolean][] = [];

  listen(listener: PlantListener): void {
    this.listeners.push(listener);
  }

  publish(...message: [topic: string, payload: string, retain: boolean]): void {
    this.messages.push(message);
  }

  up(): void {
    for (const listener of this.listeners) listener.onUp();
  }

  down(): void {
    for (const listener of this.listeners) listener.onDown('it is gone');
  }

  say(topic: string, payload: string, isRetained = false): void {
    for (const listener of this.listeners) {
      if (matches(listener.filter, topic)) listener.onMessage(topic, Buffer.from(payload), isRetained);
    }
  }
}

function scene() {
  const broker = new FakeBroker();
  const waiting = new Map<string, ApprovalView>();
  const answers: [string, ApprovalAnswer][] = [];
  const elders = new Set([2]);
  const site: ApprovalSite = {
    gateway: 'gw-7',
    generation: 3,
    isElder: (generation) => elders.has(generation),
    list: () => [...waiting.values()],
    has: (id) => waiting.has(id),
    answer: (id, answer) => {
      answers.push([id, answer]);
      return { kind: 'taken' };
    },
  };
  return { broker, waiting, answers, elders, topic: new ApprovalTopic({ topic: 'a/b', broker, site }) };
}

const ID = APPROVAL.id;
const ANSWER = `a/b/${ID}/answer`;

test('a retained answer is ignored: it is older than the request', () => {
  const { broker, answers } = scene();
  broker.up();
  broker.say(ANSWER, 'approve', true);
  assert.deepEqual(answers, []);
  broker.say(ANSWER, 'deny');
  assert.deepEqual(answers, [[ID, { verdict: 'deny', by: 'somebody', way: 'MQTT' }]]);
});

test('only ids of our own alphabet are looked at', () => {
  const { broker, answers } = scene();
  for (const id of ['', '..', '+', `${ID}x`, ID.slice(1), 'ABCDEF0123', '0123456789\u0000', '%30123456789'])
    broker.say(`a/b/${id}/answer`, 'approve');
  for (const topic of [`a/b/${ID}/x/answer`, `a/c/${ID}/answer`, `x/a/b/${ID}/answer`])
    broker.say(topic, 'deny');
  assert.deepEqual(answers, []);
});

test('what was asked and settled while the broker was away is put right when it is back', () => {
  const { broker, waiting, topic } = scene();
  const second = { ...APPROVAL, id: 'aaaaaaaaaa' };
  waiting.set(ID, APPROVAL);
  topic.asked(APPROVAL);
  assert.deepEqual(broker.messages, []);
  broker.up();
  assert.equal(broker.messages.length, 1);
  broker.down();
  waiting.delete(ID);
  topic.settled(ID);
  waiting.set(second.id, second);
  topic.asked(second);
  broker.messages.length = 0;
  broker.up();
  assert.deepEqual(broker.messages, [
    [`a/b/${ID}/request`, '', true],
    [`a/b/${second.id}/request`, JSON.stringify({ ...second, gateway: 'gw-7', generation: 3 }), true],
  ]);
});

test('requests of runs that have ended are removed, those of other gateways and of elders stay', () => {
  const { broker, waiting } = scene();
  waiting.set(ID, APPROVAL);
  broker.up();
  broker.messages.length = 0;
  const left = (id: string, content: object | string): void => {
    broker.say(`a/b/${id}/request`, typeof content === 'string' ? content : JSON.stringify(content), true);
  };
  left('0000000001', { gateway: 'gw-7', generation: 1 });
  left('0000000002', { gateway: 'gw-7', generation: 2 });
  left('0000000003', { gateway: 'gw-7', generation: 3 });
  left('0000000004', { gateway: 'gw-7', generation: 4 });
  left('0000000005', { gateway: 'gw-8', generation: 1 });
  left('0000000006', 'null');
  left('0000000007', { gateway: 'gw-7', generation: '1' });
  left('0000000008', '');
  left(ID, { gateway: 'gw-7', generation: 3 });
  assert.deepEqual(
    broker.messages.map(([topic]) => topic.split('/')[2]),
    ['0000000001', '0000000003'],
  );
});

test('what an elder leaves is removed when it has ended', () => {
  const { broker, elders, topic } = scene();
  broker.up();
  for (const id of ['0000000001', '0000000002'])
    broker.say(`a/b/${id}/request`, JSON.stringify({ gateway: 'gw-7', generation: 2 }), true);
  broker.say('a/b/0000000001/request', '');
  topic.clean();
  assert.deepEqual(broker.messages, []);
  elders.clear();
  topic.clean();
  topic.clean();
  assert.deepEqual(broker.messages, [['a/b/0000000002/request', '', true]]);
});
