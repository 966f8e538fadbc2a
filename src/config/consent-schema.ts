import { readAuthorities } from './authorities.js';
import { key } from './key.js';
import type { KeySpec } from './key.js';
import { credentialPart, password } from './secret-values.js';
import { mqttUrl } from './urls.js';
import { BadValue, duration, parsed, text } from './values.js';

/** Longest topic, in characters: below it come an id and a word, and a topic ends at 65,535 bytes. */
const MAX_TOPIC_CHARACTERS = 256;

/** PATH_MAX of Linux. */
const MAX_PATH_CHARACTERS = 4_096;

/** Shortest and longest wait for approval, in ms: nobody answers in less, and the user is gone after a day. */
const MIN_APPROVAL_MS = 1_000;
const MAX_APPROVAL_MS = 86_400_000;

/** A topic of our own, to which a level may be added: no wildcards, no empty levels, not the broker's own. */
function mqttTopic(raw: unknown): string {
  const topic = text(raw, MAX_TOPIC_CHARACTERS);
  if (/[+#]/.test(topic)) throw new BadValue('must not hold the wildcards + and #');
  if (topic.startsWith('$')) throw new BadValue("must not begin with $: such topics are the broker's own");
  if (topic.split('/').includes('')) throw new BadValue('must not begin or end with / nor hold //');
  return topic;
}

/** The keys under `approval`, `switch` and `plant`: what people on site have a say in. */
export const CONSENT_KEYS = {
  'approval.timeout': key({
    schema: parsed((raw) => duration(raw, MIN_APPROVAL_MS, MAX_APPROVAL_MS, 'no zero')),
    meaning: 'longest wait for approval on site (conduits with `approval: true`); then the operation fails',
    unit: 'duration',
    example: '2m',
    default: '5m',
  }),
  'approval.directory': key({
    schema: parsed((raw) => text(raw, MAX_PATH_CHARACTERS)),
    isPath: true,
    meaning:
      'where each waiting request stands as a file `ID.request.json`; a file `ID.approve` or `ID.deny` beside it answers it',
    unit: 'path',
    example: '/run/gatehouse/approvals',
    defaultText: 'none',
  }),
  'approval.mqttTopic': key({
    schema: parsed(mqttTopic),
    meaning:
      "where requests are published on the plant's broker: `TOPIC/ID/request`, answered by `approve` or `deny` on `TOPIC/ID/answer`",
    unit: 'topic',
    example: 'gatehouse/gw-7/approvals',
    defaultText: 'none',
  }),
  'switch.file': key({
    schema: parsed((raw) => text(raw, MAX_PATH_CHARACTERS)),
    isPath: true,
    meaning:
      'hard switch: sessions only while this file holds `on` or `1`; anything else, and a file that cannot be read, is off',
    unit: 'path',
    example: '/run/gatehouse/switch',
    defaultText: 'none',
    reloads: true,
  }),
  'switch.mqttTopic': key({
    schema: parsed(mqttTopic),
    meaning: "the same as a retained message on the plant's broker; with both, both have to be on",
    unit: 'topic',
    example: 'plant/hall-7/remote-access',
    defaultText: 'none',
    reloads: true,
  }),
  'plant.mqttUrl': key({
    schema: parsed(mqttUrl),
    meaning: "the plant's own MQTT broker, for the two topics above; `mqtt://` only for loopback",
    unit: 'URL',
    example: 'mqtt://127.0.0.1:1883',
    defaultText: 'none',
    reloads: true,
  }),
  'plant.mqttUser': key({
    schema: parsed(credentialPart),
    meaning: 'user at that broker',
    unit: 'text',
    example: 'gatehouse',
    defaultText: 'none',
    isPrivate: true,
    reloads: true,
  }),
  'plant.mqttPassword': key({
    schema: parsed(password),
    meaning: 'password at that broker',
    unit: 'secret',
    example: '(better plant.mqttPasswordFile: /etc/gatehouse/plant-password)',
    defaultText: 'none',
    isSecret: true,
    reloads: true,
  }),
  'plant.caFile': key({
    schema: parsed(readAuthorities),
    meaning:
      "extra trusted roots (PEM) for that broker's certificate, beside those of Node.js and of the system",
    isPath: true,
    unit: 'path',
    example: '/etc/gatehouse/plant-ca.pem',
    defaultText: 'system roots',
    reloads: true,
  }),
} satisfies Record<string, KeySpec>;
