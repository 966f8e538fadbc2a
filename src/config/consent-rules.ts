import type { Findings, RuleInput } from './rules.js';
import type { KeyName } from './schema.js';
import type { Source } from './problem.js';

/** What concerns more than one of the keys `approval`, `switch` and `plant`, and the conduits that need approval. */
export function consentRules(input: RuleInput, findings: Findings): void {
  broker(input, findings);
  ways(input, findings);
}

/** A topic needs the plant's broker; a broker without a topic is for nothing. */
function broker(input: RuleInput, { problems, warnings }: Findings): void {
  const { entries, troubled } = input;
  const topics = (['approval.mqttTopic', 'switch.mqttTopic'] as const).filter((key) => entries.has(key));
  const [topic] = topics;
  const hasBroker = entries.has('plant.mqttUrl') || troubled.has('plant.mqttUrl') || troubled.has('plant');
  if (topic !== undefined && !hasBroker) {
    const message = `is missing, but ${topics.join(' and ')} ${topics.length === 1 ? 'needs' : 'need'} a broker`;
    const key: KeyName = 'plant.mqttUrl';
    problems.push({ source: sourceOf(input, topic), key, message, example: 'mqtt://127.0.0.1:1883' });
  }
  if (topic === undefined && entries.has('plant.mqttUrl')) {
    const message = 'is not used: neither switch.mqttTopic nor approval.mqttTopic is set';
    warnings.push({ source: sourceOf(input, 'plant.mqttUrl'), key: 'plant.mqttUrl', message });
  }
  const hasPassword = entries.has('plant.mqttPassword') || entries.has('plant.mqttPasswordFile');
  if (hasPassword && !entries.has('plant.mqttUser')) {
    const source = sourceOf(
      input,
      entries.has('plant.mqttPassword') ? 'plant.mqttPassword' : 'plant.mqttUrl',
    );
    const message = 'is missing, but plant.mqttPassword is set';
    problems.push({ source, key: 'plant.mqttUser', message, example: 'gatehouse' });
  }
}

/** Somebody must be able to answer. */
function ways(input: RuleInput, { problems }: Findings): void {
  const { values, entries } = input;
  const index = values.conduits?.findIndex(({ approval }) => approval === true) ?? -1;
  if (index === -1 || values['admin.listen']?.kind !== 'off') return;
  if (entries.has('approval.directory') || entries.has('approval.mqttTopic')) return;
  const key = `conduits[${index}].approval`;
  const message = 'is true, but nobody could approve: admin.listen is off, and so are the other ways';
  const source = input.locate(sourceOf(input, 'conduits'), key);
  problems.push({ source, key, message, example: 'approval.directory: /run/gatehouse/approvals' });
}

function sourceOf({ entries, locate, nowhere }: RuleInput, key: KeyName): Source {
  return entries.get(key)?.source ?? entries.get(`${key}File`)?.source ?? locate(nowhere, key);
}
