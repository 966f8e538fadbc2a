import { APPROVAL_ID, personName, type ApprovalAnswer, type ApprovalView } from '../../contract/approval.js';
import type { PlantBroker, PlantListener } from '../plant/plant-broker.js';
import type { ApprovalChannel } from './approval-table.js';
import { fieldsOf, isLeftOver, published, type ApprovalSite } from './site.js';

/** Largest answer that is looked at, in bytes: a word, or JSON with a name. */
const MAX_ANSWER_BYTES = 1_024;

/** Largest request that is looked at, in bytes; ours are some 400. */
const MAX_REQUEST_BYTES = 4_096;

/** Requests of others that are remembered: eight generations with a hundred each. */
const MAX_OTHERS = 800;

/** What is subscribed to below approval.mqttTopic: answers, and requests. */
export function approvalFilters(topic: string): readonly [answers: string, requests: string] {
  return [`${topic}/+/answer`, `${topic}/+/request`];
}

export interface ApprovalTopicOptions {
  readonly topic: string;
  readonly broker: Pick<PlantBroker, 'publish' | 'listen'>;
  readonly site: ApprovalSite;
}

/**
 * Asks on the plant's broker: `TOPIC/ID/request` holds the request, retained, for as long as it waits; who publishes
 * `approve` or `deny` on `TOPIC/ID/answer` answers it. Retained answers are ignored: they would be older than the request.
 */
export class ApprovalTopic implements ApprovalChannel {
  readonly #options: ApprovalTopicOptions;
  /** Requests that the broker holds as far as is known; as many as wait, and those that ended while it was away. */
  readonly #published = new Set<string>();
  /** Requests of other runs of this gateway that the broker holds; the oldest is forgotten first. */
  readonly #others = new Map<string, string>();
  #isUp = false;

  constructor(options: ApprovalTopicOptions) {
    this.#options = options;
    const { broker, topic } = options;
    const [answers, requests] = approvalFilters(topic);
    broker.listen(this.#listener(answers, (at, ...message) => this.#onAnswer(at, ...message)));
    broker.listen(this.#listener(requests, (at, payload) => this.#onRequest(at, payload)));
  }

  asked(request: ApprovalView): void {
    if (!this.#isUp) return;
    this.#published.add(request.id);
    this.#publish(request.id, JSON.stringify(published(this.#options.site, request)));
  }

  settled(id: string): void {
    if (this.#isUp) this.#clear(id);
  }

  /** Another generation has ended: what it left is shown to nobody any more. */
  clean(): void {
    for (const [id, text] of this.#others) if (isLeftOver(this.#options.site, id, text)) this.#clear(id);
  }

  #listener(filter: string, onMessage: PlantListener['onMessage']): PlantListener {
    return { filter, onMessage, onUp: () => this.#onUp(), onDown: () => (this.#isUp = false) };
  }

  /** What happened while the broker was away. */
  #onUp(): void {
    if (this.#isUp) return;
    this.#isUp = true;
    const { site } = this.#options;
    for (const id of this.#published) if (!site.has(id)) this.#clear(id);
    for (const request of site.list()) this.asked(request);
  }

  #onAnswer(topic: string, payload: Buffer, isRetained: boolean): void {
    const id = this.#idIn(topic);
    if (id === undefined || isRetained || payload.length > MAX_ANSWER_BYTES) return;
    const answer = answerIn(payload.toString('utf8'));
    // Whoever was too late sees the request gone; another generation may be the one that is meant.
    if (answer !== undefined) this.#options.site.answer(id, answer);
  }

  /** What a run that crashed has left; a request that nobody waits for must not be shown to anybody. */
  #onRequest(topic: string, payload: Buffer): void {
    const id = this.#idIn(topic);
    if (id === undefined || payload.length > MAX_REQUEST_BYTES) return;
    const text = payload.toString('utf8');
    this.#others.delete(id);
    if (isLeftOver(this.#options.site, id, text)) return this.#clear(id);
    if (text === '' || this.#options.site.has(id)) return;
    this.#others.set(id, text);
    const [oldest] = this.#others.keys();
    if (this.#others.size > MAX_OTHERS && oldest !== undefined) this.#others.delete(oldest);
  }

  #idIn(topic: string): string | undefined {
    const id = topic.slice(this.#options.topic.length + 1).split('/')[0] ?? '';
    return APPROVAL_ID.test(id) ? id : undefined;
  }

  #clear(id: string): void {
    this.#published.delete(id);
    this.#others.delete(id);
    this.#publish(id, '');
  }

  #publish(id: string, payload: string): void {
    const { broker, topic } = this.#options;
    broker.publish(`${topic}/${id}/request`, payload, true);
  }
}

/** `approve`, `deny`, or `{ "answer": "approve", "by": "name" }`; undefined for anything else. */
function answerIn(text: string): ApprovalAnswer | undefined {
  const fields = text.trimStart().startsWith('{') ? fieldsOf(text) : { answer: text.trim().toLowerCase() };
  const verdict = (['approve', 'deny'] as const).find((word) => word === fields.answer);
  if (verdict === undefined) return undefined;
  return { verdict, by: personName(fields.by) ?? 'somebody', way: 'MQTT' };
}
