import { availableParallelism } from 'node:os';
import type { ChildConfig, Conduit, Config, PlantConfig, TokenPlace } from './config.js';
import { commonNameOf } from './device-certificate.js';
import type { ProxyRoute } from './proxy-route.js';
import type { Settings } from './schema.js';
import { systemTimeZone } from './weekly-time.js';

/** What the defaults that are computed depend on. */
export interface Surroundings {
  readonly isTerminal: boolean;
  /** The proxy on the way to each host. */
  readonly route: ProxyRoute;
  /** Files that the credentials stand in, absolute. */
  readonly credentialFiles: readonly string[];
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
  const { route } = surroundings;
  const remoteAccessUrl = values['cloud.remoteAccessUrl'] ?? url;
  const mqttUrl = values['intake.mqttUrl'] ?? defaultMqttUrl(values['intake.kind'], url);
  return {
    cloud: {
      url,
      remoteAccessUrl,
      tenant: values['cloud.tenant'],
      credentials: credentials(values),
      credentialsFile: values['cloud.credentialsFile'],
      ca: values['cloud.caFile'],
      minTlsVersion: `TLSv${values['cloud.tlsMinimum']}`,
      credentialFiles: surroundings.credentialFiles,
      tokenPlaces: tokenPlaces(values['cloud.tokenUrl'], url, mqttUrl, route),
      proxy: route.to(url),
      remoteAccessProxy: route.to(remoteAccessUrl),
      mqttProxy: route.to(mqttUrl),
    },
    device: {
      externalId,
      externalIdType: values['device.externalIdType'],
      name: values['device.name'] ?? externalId,
      children: values['device.children'].map(child),
    },
    intake: {
      kind: values['intake.kind'],
      mqttUrl,
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
  const certificate = values['cloud.certFile'];
  if (certificate !== undefined) {
    const { chain, leaf } = certificate;
    const dates = { validFromMs: Date.parse(leaf.validFrom), validToMs: Date.parse(leaf.validTo) };
    const key = present(values['cloud.keyFile']).pem;
    return { kind: 'certificate', certificate: { chain, key, commonName: commonNameOf(leaf), ...dates } };
  }
  if (values['intake.kind'] === 'thin-edge' && values['cloud.user'] === undefined)
    return { kind: 'thin-edge' };
  return { kind: 'basic', user: present(values['cloud.user']), password: present(values['cloud.password']) };
}

function defaultMqttUrl(kind: Settings['intake.kind'], cloudUrl: string): string {
  return kind === 'thin-edge' ? 'mqtt://127.0.0.1:1883' : `mqtts://${new URL(cloudUrl).hostname}:8883`;
}

function thinEdge(values: Settings): Config['thinEdge'] {
  const [chain, key] = [values['thinEdge.mqttCertFile'], values['thinEdge.mqttKeyFile']];
  return {
    configDirectory: values['thinEdge.configDirectory'],
    profile: values['thinEdge.profile'] ?? '',
    topicPrefix: values['thinEdge.topicPrefix'],
    topicRoot: values['thinEdge.topicRoot'],
    broker: {
      user: values['thinEdge.mqttUser'],
      password: values['thinEdge.mqttPassword'],
      ca: values['thinEdge.mqttCaFile'],
      certificate: chain === undefined || key === undefined ? undefined : { chain, key },
    },
  };
}

/** Without a setting the endpoint comes first, and MQTT where that one is of no use: its port may be closed to us. */
function tokenPlaces(
  given: string | undefined,
  url: string,
  mqttUrl: string,
  route: ProxyRoute,
): TokenPlace[] {
  const endpoint = `https://${new URL(url).hostname}:8443`;
  const urls =
    given === undefined ? [endpoint, mqttUrl].filter((each) => !/^(?:mqtt|wss?):/.test(each)) : [given];
  return urls.map((each) => ({ url: each, proxy: route.to(each) }));
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
