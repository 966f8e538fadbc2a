import { adminListen } from './addresses.js';
import { CLOUD_KEYS } from './cloud-schema.js';
import { CHILDREN, CONDUITS, MAX_SESSIONS, MIN_TIMEOUT_MS } from './conduit-schema.js';
import { CONSENT_KEYS } from './consent-schema.js';
import { fits, formOf } from './form.js';
import { key } from './key.js';
import type { KeySpec, ValueOf } from './key.js';
import { bearerToken } from './secret-values.js';
import { THIN_EDGE_KEYS } from './thin-edge-schema.js';
import { mqttUrl } from './urls.js';
import {
  MAX_PATH_CHARACTERS,
  MAX_TIMER_MS,
  duration,
  oneOf,
  parsed,
  rate,
  size,
  text,
  wholeNumber,
} from './values.js';
import { timeZone } from './weekly-time.js';

const MAX_ID_CHARACTERS = 256;
const KIB = 1_024;
const MIB = 1_048_576;

/** Every key of the configuration, in the order of the documentation. The types of all values follow from here. */
export const KEYS = {
  ...CLOUD_KEYS,
  'device.externalId': key({
    schema: parsed((raw) => text(raw, MAX_ID_CHARACTERS)),
    meaning: "the gateway's external id",
    unit: 'text',
    example: '"gw-7"',
    isRequired: true,
    environment: ['GATEHOUSE_DEVICE_EXTERNAL_ID'],
  }),
  'device.externalIdType': key({
    schema: parsed((raw) => text(raw, MAX_ID_CHARACTERS)),
    meaning: 'type of that external id',
    unit: 'text',
    example: 'c8y_Serial',
    default: 'c8y_Serial',
  }),
  'device.name': key({
    schema: parsed((raw) => text(raw, MAX_ID_CHARACTERS)),
    meaning: 'used only when the managed object has to be created',
    unit: 'text',
    example: 'Gateway, hall 7',
    defaultText: 'the external id',
  }),
  'device.children': key({
    schema: CHILDREN,
    meaning: 'devices behind the gateway',
    unit: 'list, see below',
    example: '[{ externalId: "plc-17", name: Filler 17, targets: [packaging-hmis] }]',
    default: [],
    defaultText: '`[]`',
  }),
  'intake.kind': key({
    schema: parsed((raw) => oneOf(raw, ['rest', 'mqtt', 'thin-edge'])),
    meaning:
      "how operations arrive: `rest` (real-time notifications, polling as the fall-back), `mqtt` (the cloud's endpoint) or `thin-edge` (the local broker of thin-edge.io)",
    unit: '`rest`, `mqtt`, `thin-edge`',
    example: 'rest',
    default: 'rest',
    environment: ['GATEHOUSE_INTAKE_KIND'],
  }),
  'intake.mqttUrl': key({
    schema: parsed(mqttUrl),
    meaning:
      "the cloud's MQTT endpoint, with thin-edge the local broker; also `wss://host/mqtt`; `mqtt://` only for loopback",
    unit: 'URL',
    example: 'mqtts://acme.example.com:8883',
    defaultText:
      '`mqtts://<cloud host>:8883`; with thin-edge the broker of `tedge.toml`, else `mqtt://127.0.0.1:1883`',
    environment: ['GATEHOUSE_INTAKE_MQTT_URL'],
  }),
  'intake.operationAge': key({
    schema: parsed((raw) => duration(raw, 1_000, MAX_TIMER_MS, 'no zero')),
    meaning: 'older operations are failed without touching the target',
    unit: 'duration',
    example: '5m',
    default: '5m',
    reloads: true,
  }),
  ...THIN_EDGE_KEYS,
  conduits: key({
    schema: CONDUITS,
    meaning: 'what may be reached; empty means that nothing may',
    unit: 'list, see below',
    example: '[{ name: packaging-hmis, host: 10.0.5.0/24, ports: [5900] }]',
    default: [],
    defaultText: 'none',
    reloads: true,
  }),
  ...CONSENT_KEYS,
  'limits.sessions': key({
    schema: parsed((raw) => wholeNumber(raw, 1, MAX_SESSIONS)),
    meaning: 'open sessions in all',
    unit: `1 to ${MAX_SESSIONS}`,
    example: '10000',
    default: 10_000,
    reloads: true,
  }),
  'limits.sessionsPerTarget': key({
    schema: parsed((raw) => wholeNumber(raw, 1, MAX_SESSIONS)),
    meaning: 'open sessions to one host and port',
    unit: `1 to ${MAX_SESSIONS}`,
    example: '64',
    default: 64,
    reloads: true,
  }),
  'limits.connectTimeout': key({
    schema: parsed((raw) => duration(raw, MIN_TIMEOUT_MS, 300_000, 'no zero')),
    meaning: 'for each of target and WebSocket to be up',
    unit: 'duration',
    example: '10s',
    default: '10s',
    reloads: true,
  }),
  'limits.idleTimeout': key({
    schema: parsed((raw) => duration(raw, MIN_TIMEOUT_MS, MAX_TIMER_MS, 'zero')),
    meaning: 'longest time without a byte in either direction',
    unit: 'duration, 0 = off',
    example: '30m',
    default: 0,
    reloads: true,
  }),
  'limits.sessionDuration': key({
    schema: parsed((raw) => duration(raw, MIN_TIMEOUT_MS, MAX_TIMER_MS, 'zero')),
    meaning: 'longest time a session may be open',
    unit: 'duration, 0 = off',
    example: '8h',
    default: 0,
    reloads: true,
  }),
  'limits.bootstrapBuffer': key({
    schema: parsed((raw) => size(raw, KIB, 16 * MIB)),
    meaning:
      'kept from the side that is up while the other connects; then that side is paused, nothing is dropped',
    unit: 'size',
    example: '64KiB',
    default: '64KiB',
    reloads: true,
  }),
  'limits.buffer': key({
    schema: parsed((raw) => size(raw, KIB, 64 * MIB)),
    meaning: 'in flight in a session, both directions together, before the sender is paused',
    unit: 'size',
    example: '256KiB',
    default: '256KiB',
    reloads: true,
  }),
  'limits.maxMessage': key({
    schema: parsed((raw) => size(raw, KIB, KIB * MIB)),
    meaning: 'largest WebSocket message accepted from the cloud',
    unit: 'size',
    example: '16MiB',
    default: '16MiB',
    reloads: true,
  }),
  'limits.memory': key({
    schema: parsed(memory),
    meaning:
      'memory of the whole agent: new sessions are refused at 85 % of it, and sessions that hold most are ended at 95 %',
    unit: 'size, 0 = off',
    example: '2GiB',
    defaultText: '60 % of what the control group or the machine has',
    reloads: true,
  }),
  'limits.sessionBandwidth': key({
    schema: parsed(rate),
    meaning: 'what each session may move in each direction',
    unit: 'rate, 0 = off',
    example: '10Mbit/s',
    default: 0,
    reloads: true,
  }),
  'limits.bandwidth': key({
    schema: parsed(rate),
    meaning:
      'what all sessions together may move in each direction; they get equal parts, and those that move little go first',
    unit: 'rate, 0 = off',
    example: '20Mbit/s',
    default: 0,
    reloads: true,
  }),
  'limits.timeZone': key({
    schema: parsed(timeZone),
    meaning: 'whose clocks the `window` of a conduit means',
    unit: 'IANA time zone',
    example: 'Europe/Berlin',
    defaultText: "the system's",
    reloads: true,
  }),
  'keepAlive.webSocketPing': key({
    schema: parsed((raw) => duration(raw, MIN_TIMEOUT_MS, 3_600_000, 'zero')),
    meaning: 'ping interval; a session whose cloud side stays silent for two intervals ends',
    unit: 'duration, 0 = off',
    example: '20s',
    default: '20s',
    reloads: true,
  }),
  'workers.count': key({
    schema: parsed((raw) => wholeNumber(raw, 1, 256)),
    meaning: 'worker threads',
    unit: '1 to 256',
    example: '4',
    defaultText: 'available parallelism',
    environment: ['GATEHOUSE_WORKERS_COUNT'],
  }),
  'workers.isolation': key({
    schema: parsed((raw) => oneOf(raw, ['thread', 'process'])),
    meaning:
      'what a worker is: a thread, or a process of its own, so that a native crash ends only its own sessions',
    unit: '`thread`, `process`',
    example: 'process',
    default: 'thread',
  }),
  'state.directory': key({
    schema: parsed(pathOrOff),
    isPath: true,
    meaning:
      'where the journal of operations is kept, for one agent alone; `off` keeps it in memory, and a restart then fails what was under way',
    unit: 'path, `off`',
    example: '/var/lib/gatehouse',
    defaultText:
      '`$STATE_DIRECTORY`; `/var/lib/gatehouse` for the configuration in `/etc/gatehouse`; else `.gatehouse` beside the configuration',
    environment: ['GATEHOUSE_STATE_DIRECTORY', 'STATE_DIRECTORY'],
  }),
  'admin.listen': key({
    schema: parsed(adminListen),
    meaning: 'where the admin listener is; port 0 takes any free one',
    unit: '`host:port`, `unix:/path`, `off`',
    example: '127.0.0.1:7980',
    default: '127.0.0.1:7980',
    environment: ['GATEHOUSE_ADMIN_LISTEN'],
  }),
  'admin.token': key({
    schema: parsed(bearerToken),
    meaning: 'bearer token of the admin listener; required unless that is loopback, a unix socket or off',
    unit: 'secret',
    example: '(better admin.tokenFile: /etc/gatehouse/admin-token)',
    defaultText: 'none',
    environment: ['GATEHOUSE_ADMIN_TOKEN'],
    isSecret: true,
  }),
  'audit.file': key({
    schema: parsed(pathOrOff),
    isPath: true,
    meaning:
      'the audit log: append-only JSON lines, each with the hash of the one before; when it cannot be written, new sessions are refused',
    unit: 'path, `off`',
    example: '/var/log/gatehouse/audit.log',
    default: 'off',
  }),
  'audit.events': key({
    schema: parsed(trueOrFalse),
    meaning: 'an event in the cloud at the end of each session that was open, with the same facts',
    unit: '`true`, `false`',
    example: 'true',
    default: true,
  }),
  'log.level': key({
    schema: parsed((raw) => oneOf(raw, ['trace', 'debug', 'info', 'warn', 'error', 'fatal'])),
    meaning: 'lines below it are not written',
    unit: '`trace`, `debug`, `info`, `warn`, `error`, `fatal`',
    example: 'debug',
    default: 'info',
    environment: ['GATEHOUSE_LOG_LEVEL'],
    reloads: true,
  }),
  'log.format': key({
    schema: parsed((raw) => oneOf(raw, ['json', 'pretty'])),
    meaning: 'one JSON object or one readable line each',
    unit: '`json`, `pretty`',
    example: 'json',
    defaultText: '`json`; `pretty` on a terminal',
  }),
} satisfies Record<string, KeySpec>;

export type KeyName = keyof typeof KEYS;

/** All values by key, as the schemas give them. */
export type Settings = { [K in KeyName]: ValueOf<(typeof KEYS)[K]> };

/** The names in KEYS, typed. */
export const KEY_NAMES = Object.keys(KEYS) as readonly KeyName[];

/** What is known about a key, without its exact type. */
export function specOf(name: KeyName): KeySpec {
  return KEYS[name];
}

function trueOrFalse(raw: unknown): 'true' | 'false' {
  fits(raw, () => ({ enum: [true, false, 'true', 'false'] }));
  return oneOf(typeof raw === 'boolean' ? String(raw) : raw, ['true', 'false']);
}

function memory(raw: unknown): number {
  const [min, max] = [64 * MIB, KIB * KIB * MIB];
  fits(raw, () => ({ anyOf: [formOf((value) => size(value, min, max)), { enum: [0, '0'] }] }));
  return raw === 0 || raw === '0' ? 0 : size(raw, min, max);
}

function pathOrOff(raw: unknown): string {
  fits(raw, () => ({ anyOf: [formOf((value) => text(value, MAX_PATH_CHARACTERS)), { enum: [false] }] }));
  // YAML 1.1 readers turn a bare `off` into false; people write either.
  return raw === false ? 'off' : text(raw, MAX_PATH_CHARACTERS);
}
