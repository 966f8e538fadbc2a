import { Secret } from '../../contract/secret.js';
import { certificatesIn } from './authorities.js';
import type { AdminListen, Config, DeviceCertificate, PortRange, ProxyConfig } from './config.js';
import { sourceText } from './problem.js';
import { KEY_NAMES } from './schema.js';
import type { KeyName } from './schema.js';
import type { Sources } from './load.js';
import { formatDuration, formatRate, formatSize } from './values.js';

/** What a key shows: text for people; secrets masked; undefined = not set. */
type View = Readonly<Record<KeyName, (config: Config) => string | undefined>>;

const MASKED = '[secret]';

const VIEW: View = {
  'cloud.url': ({ cloud }) => cloud.url,
  'cloud.remoteAccessUrl': ({ cloud }) => cloud.remoteAccessUrl,
  'cloud.tenant': ({ cloud }) => quoted(cloud.tenant),
  'cloud.user': ({ cloud: { credentials } }) =>
    credentials.kind === 'basic' ? quoted(credentials.user) : undefined,
  'cloud.password': ({ cloud: { credentials } }) => (credentials.kind === 'basic' ? MASKED : undefined),
  'cloud.token': ({ cloud: { credentials } }) => (credentials.kind === 'token' ? MASKED : undefined),
  'cloud.credentialsFile': ({ cloud }) => cloud.credentialsFile,
  'cloud.certFile': ({ cloud: { credentials } }) =>
    credentials.kind === 'certificate' ? certificateText(credentials.certificate) : undefined,
  'cloud.keyFile': ({ cloud: { credentials } }) => (credentials.kind === 'certificate' ? MASKED : undefined),
  'cloud.tokenUrl': ({ cloud: { credentials, tokenPlaces } }) =>
    credentials.kind === 'certificate' ? tokenPlaces.map(({ url }) => url).join(', then ') : undefined,
  'cloud.caFile': ({ cloud }) => (cloud.ca === undefined ? undefined : certificates(cloud.ca)),
  'cloud.tlsMinimum': ({ cloud }) => cloud.minTlsVersion.slice('TLSv'.length),
  'cloud.proxy': ({ cloud }) => (cloud.proxy === undefined ? undefined : proxyText(cloud.proxy)),
  'device.externalId': ({ device }) => quoted(device.externalId),
  'device.externalIdType': ({ device }) => quoted(device.externalIdType),
  'device.name': ({ device }) => quoted(device.name),
  'device.children': ({ device }) =>
    list(
      device.children.map(
        ({ externalId, targets }) =>
          `${quoted(externalId)}${targets === undefined ? '' : ` -> ${list(targets)}`}`,
      ),
    ),
  'intake.kind': ({ intake }) => intake.kind,
  'intake.mqttUrl': ({ intake }) => intake.mqttUrl,
  'intake.operationAge': ({ intake }) => formatDuration(intake.operationAgeMs),
  'thinEdge.configDirectory': ({ thinEdge }) => thinEdge.configDirectory,
  'thinEdge.profile': ({ thinEdge }) => (thinEdge.profile === '' ? undefined : quoted(thinEdge.profile)),
  'thinEdge.topicPrefix': ({ thinEdge }) => thinEdge.topicPrefix,
  'thinEdge.topicRoot': ({ thinEdge }) => thinEdge.topicRoot,
  'thinEdge.mqttUser': ({ thinEdge: { broker } }) =>
    broker.user === undefined ? undefined : quoted(broker.user),
  'thinEdge.mqttPassword': ({ thinEdge: { broker } }) => (broker.password === undefined ? undefined : MASKED),
  'thinEdge.mqttCaFile': ({ thinEdge: { broker } }) =>
    broker.ca === undefined ? undefined : certificates(broker.ca),
  'thinEdge.mqttCertFile': ({ thinEdge: { broker } }) =>
    broker.certificate === undefined ? undefined : certificates(broker.certificate.chain),
  'thinEdge.mqttKeyFile': ({ thinEdge: { broker } }) =>
    broker.certificate === undefined ? undefined : MASKED,
  conduits: ({ conduits }) =>
    list(conduits.map(({ name, host, ports }) => `${name} ${host}:${portsText(ports)}`)),
  'approval.timeout': ({ approval }) => formatDuration(approval.timeoutMs),
  'approval.directory': ({ approval }) => approval.directory,
  'approval.mqttTopic': ({ approval }) => approval.mqttTopic,
  'switch.file': (config) => config.switch.file,
  'switch.mqttTopic': (config) => config.switch.mqttTopic,
  'plant.mqttUrl': ({ plant }) => plant?.mqttUrl,
  'plant.mqttUser': ({ plant }) => (plant?.user === undefined ? undefined : quoted(plant.user)),
  'plant.mqttPassword': ({ plant }) => (plant?.password === undefined ? undefined : MASKED),
  'plant.caFile': ({ plant }) => (plant?.ca === undefined ? undefined : certificates(plant.ca)),
  'limits.sessions': ({ limits }) => String(limits.sessions),
  'limits.sessionsPerTarget': ({ limits }) => String(limits.sessionsPerTarget),
  'limits.connectTimeout': ({ limits }) => formatDuration(limits.connectTimeoutMs),
  'limits.idleTimeout': ({ limits }) => formatDuration(limits.idleTimeoutMs),
  'limits.sessionDuration': ({ limits }) => formatDuration(limits.sessionDurationMs),
  'limits.bootstrapBuffer': ({ limits }) => formatSize(limits.bootstrapBufferBytes),
  'limits.buffer': ({ limits }) => formatSize(limits.bufferBytes),
  'limits.maxMessage': ({ limits }) => formatSize(limits.maxMessageBytes),
  'limits.sessionBandwidth': ({ limits }) => formatRate(limits.sessionBandwidthBytesPerSecond),
  'limits.bandwidth': ({ limits }) => formatRate(limits.bandwidthBytesPerSecond),
  'limits.timeZone': ({ limits }) => limits.timeZone,
  'keepAlive.webSocketPing': ({ keepAlive }) => formatDuration(keepAlive.webSocketPingMs),
  'limits.memory': ({ limits }) => formatSize(limits.memoryBytes),
  'state.directory': ({ state }) => state.directory ?? 'off',
  'workers.isolation': ({ workers }) => workers.isolation,
  'workers.count': ({ workers }) => String(workers.count),
  'admin.listen': ({ admin }) => listenText(admin.listen),
  'admin.token': ({ admin }) => (admin.token === undefined ? undefined : MASKED),
  'audit.file': ({ audit }) => audit.file ?? 'off',
  'audit.events': ({ audit }) => String(audit.events),
  'log.level': ({ log }) => log.level,
  'log.format': ({ log }) => log.format,
};

/** The value of one key for people, secrets masked; undefined = not set. */
export function viewOf(key: KeyName, config: Config): string | undefined {
  return VIEW[key](config);
}

/** One key of the configuration as it is in effect. */
export interface EffectiveValue {
  readonly key: KeyName;
  /** `(none)` when it is not set and has no default. */
  readonly value: string;
  /** `gatehouse.yaml:4`, `environment variable C8Y_USER`, `command line` or `default`. */
  readonly from: string;
}

/** Every key in the order of the documentation, secrets masked, with where its value came from. */
export function effectiveValues(config: Config, sources: Sources): readonly EffectiveValue[] {
  return KEY_NAMES.map((key) => ({
    key,
    value: VIEW[key](config) ?? '(none)',
    from: sourceText(sources[key]),
  }));
}

/** The same as lines for a terminal, in columns. */
export function effectiveConfig(config: Config, sources: Sources): readonly string[] {
  const rows = effectiveValues(config, sources);
  const keyWidth = Math.max(...rows.map(({ key }) => key.length));
  const valueWidth = Math.min(60, Math.max(...rows.map(({ value }) => value.length)));
  return rows.map(
    ({ key, value, from }) => `${key.padEnd(keyWidth)}  ${value.padEnd(valueWidth)}  # ${from}`,
  );
}

/** `8080-8089,5900` */
export function portsText(ports: readonly PortRange[]): string {
  return ports
    .map(({ from, to }) => (from === to ? String(from) : from === 1 && to === 65_535 ? '*' : `${from}-${to}`))
    .join(',');
}

/** `127.0.0.1:7980`, `unix:/path` or `off`. */
export function listenText(listen: AdminListen): string {
  switch (listen.kind) {
    case 'tcp':
      return `${bracketed(listen.host)}:${listen.port}`;
    case 'unix':
      return `unix:${listen.path}`;
    case 'off':
      return 'off';
  }
}

/** `http://user:[secret]@host:port`, the password masked. */
export function proxyText({ host, port, user, password, isSecure }: ProxyConfig): string {
  const secret = password === undefined ? '' : `:${String(password satisfies Secret)}`;
  return `${isSecure ? 'https' : 'http'}://${user === undefined ? '' : `${user}${secret}@`}${bracketed(host)}:${port}`;
}

function certificateText({ commonName, validToMs }: DeviceCertificate): string {
  return `${quoted(commonName)}, until ${new Date(validToMs).toISOString().slice(0, 10)}`;
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function certificates(pem: string): string {
  const count = certificatesIn(pem).length;
  return count === 1 ? '1 certificate' : `${count} certificates`;
}

function quoted(value: string): string {
  return JSON.stringify(value);
}

function list(items: readonly string[]): string {
  return `[${items.join(', ')}]`;
}
