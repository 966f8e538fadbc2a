import { availableParallelism } from 'node:os';
import type { ChildConfig, Conduit, Config, PlantConfig } from './config.js';
import type { Settings } from './schema.js';
import { systemTimeZone } from './weekly-time.js';

/** What the defaults that are computed depend on. */
export interface Surroundings {
  readonly isTerminal: boolean;
  /** NO_PROXY names the cloud's host, or it is loopback and only the environment has a proxy. */
  readonly isProxyBypassed: boolean;
  /** Default of state.directory. */
  readonly stateDirectory: string;
  /** Default of limits.memory, in bytes. */
  readonly memoryBytes: number;
  /** Where the conduit at `index` is written, or one of its keys. */
  readonly conduitSource: (index: number, key?: string) => Conduit['source'];
}

/** The values by key, valid and complete, in the shape the parts of the agent read. */
export function normalForm(values: Settings, surroundings: Surroundings): Config {
  const url = present(values['cloud.url']);
  const externalId = present(values['device.externalId']);
  const timeZone = values['limits.timeZone'] ?? systemTimeZone();
  return {
    cloud: {
      url,
      remoteAccessUrl: values['cloud.remoteAccessUrl'] ?? url,
      tenant: values['cloud.tenant'],
      credentials: credentials(values),
      credentialsFile: values['cloud.credentialsFile'],
      ca: values['cloud.caFile'],
      minTlsVersion: `TLSv${values['cloud.tlsMinimum']}`,
      proxy: surroundings.isProxyBypassed ? undefined : values['cloud.proxy'],
    },
    device: {
      externalId,
      externalIdType: values['device.externalIdType'],
      name: values['device.name'] ?? externalId,
      children: values['device.children'].map(child),
    },
    intake: {
      kind: values['intake.kind'],
      mqttUrl: values['intake.mqttUrl'] ?? mqttUrl(values['intake.kind'], url),
      operationAgeMs: values['intake.operationAge'],
    },
    thinEdge: thinEdge(values),
    conduits: values.conduits.map((entry, index) =>
      conduit(entry, timeZone, (key) => surroundings.conduitSource(index, key)),
    ),
    approval: {
      timeoutMs: values['approval.timeout'],
      directory: values['approval.directory'],
      mqttTopic: values['approval.mqttTopic'],
    },
    switch: { file: values['switch.file'], mqttTopic: values['switch.mqttTopic'] },
    plant: plant(values),
    limits: {
      ...limits(values),
      memoryBytes: values['limits.memory'] ?? surroundings.memoryBytes,
      timeZone,
    },
    keepAlive: { webSocketPingMs: values['keepAlive.webSocketPing'] },
    workers: {
      count: values['workers.count'] ?? availableParallelism(),
      isolation: values['workers.isolation'],
    },
    state: { directory: pathOrOff(values['state.directory'] ?? surroundings.stateDirectory) },
    admin: { listen: values['admin.listen'], token: values['admin.token'] },
    audit: { file: pathOrOff(values['audit.file']), events: values['audit.events'] === 'true' },
    log: {
      level: values['log.level'],
      format: values['log.format'] ?? (surroundings.isTerminal ? 'pretty' : 'json'),
    },
  };
}

function credentials(values: Settings): Config['cloud']['credentials'] {
  const token = values['cloud.token'];
  if (token !== undefined) return { kind: 'token', token };
  if (values['intake.kind'] === 'thin-edge' && values['cloud.user'] === undefined)
    return { kind: 'thin-edge' };
  return { kind: 'basic', user: present(values['cloud.user']), password: present(values['cloud.password']) };
}

function mqttUrl(kind: Settings['intake.kind'], cloudUrl: string): string {
  return kind === 'thin-edge' ? 'mqtt://127.0.0.1:1883' : `mqtts://${new URL(cloudUrl).hostname}:8883`;
}

function thinEdge(values: Settings): Config['thinEdge'] {
  return {
    configDirectory: values['thinEdge.configDirectory'],
    profile: values['thinEdge.profile'] ?? '',
    topicPrefix: values['thinEdge.topicPrefix'],
    topicRoot: values['thinEdge.topicRoot'],
    broker: {
      user: values['thinEdge.mqttUser'],
      password: values['thinEdge.mqttPassword'],
      ca: values['thinEdge.mqttCaFile'],
      certificate: values['thinEdge.mqttCertFile'],
      key: values['thinEdge.mqttKeyFile'],
    },
  };
}

function child({ externalId, name, targets }: Settings['device.children'][number]): ChildConfig {
  return { externalId, name: name ?? externalId, targets };
}

function conduit(
  entry: Settings['conduits'][number],
  timeZone: string,
  source: (key?: string) => Conduit['source'],
): Conduit {
  const { window } = entry;
  return {
    name: entry.name,
    host: entry.host,
    ports: entry.ports,
    maxSessions: entry.maxSessions,
    idleTimeoutMs: entry.idleTimeout,
    sessionDurationMs: entry.sessionDuration,
    window: window === undefined ? undefined : { times: window, source: source('window') },
    timeZone: entry.timeZone ?? timeZone,
    bandwidthBytesPerSecond: entry.bandwidth,
    exclusive: entry.exclusive ?? false,
    approval: entry.approval ?? false,
    source: source(),
  };
}

function plant(values: Settings): PlantConfig | undefined {
  const url = values['plant.mqttUrl'];
  if (url === undefined) return undefined;
  const { 'plant.mqttUser': user, 'plant.mqttPassword': password, 'plant.caFile': ca } = values;
  return { mqttUrl: url, user, password, ca };
}

function pathOrOff(written: string): string | undefined {
  return written === 'off' ? undefined : written;
}

function limits(values: Settings): Omit<Config['limits'], 'memoryBytes' | 'timeZone'> {
  return {
    sessions: values['limits.sessions'],
    sessionsPerTarget: values['limits.sessionsPerTarget'],
    connectTimeoutMs: values['limits.connectTimeout'],
    idleTimeoutMs: values['limits.idleTimeout'],
    sessionDurationMs: values['limits.sessionDuration'],
    bootstrapBufferBytes: values['limits.bootstrapBuffer'],
    bufferBytes: values['limits.buffer'],
    maxMessageBytes: values['limits.maxMessage'],
    sessionBandwidthBytesPerSecond: values['limits.sessionBandwidth'],
    bandwidthBytesPerSecond: values['limits.bandwidth'],
  };
}

/** The rules have made sure of it. */
function present<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError('a required key passed the rules without a value');
  return value;
}
