import { Secret } from '../../contract/secret.js';
import type { ChildConfig, Conduit, Config } from './config.js';
import { KEY_NAMES, specOf } from './schema.js';
import type { KeyName } from './schema.js';

/** What changes from one configuration to the next. */
export interface Reload {
  /** Keys whose new value also matters to sessions that are open. */
  readonly applies: readonly string[];
  /** Keys that keep their old value in this process. */
  readonly needsRestart: readonly string[];
}

/** Compares two configurations key by key. Children count as two keys: who they are, and what they may reach. */
export function reloadable(old: Config, fresh: Config): Reload {
  const applies: string[] = [];
  const needsRestart: string[] = [];
  for (const key of KEY_NAMES) {
    if (key === 'device.children' || isSame(VALUES[key](old), VALUES[key](fresh))) continue;
    (specOf(key).reloads ? applies : needsRestart).push(key);
  }
  if (!isSame(identities(old), identities(fresh))) needsRestart.push('device.children');
  if (!isSame(targets(old, fresh), targets(fresh, old))) applies.push('device.children[].targets');
  return { applies, needsRestart };
}

/** Keys whose values differ, in the order of the documentation. */
export function changedKeys(old: Config, fresh: Config): readonly KeyName[] {
  return KEY_NAMES.filter((key) => !isSame(VALUES[key](old), VALUES[key](fresh)));
}

/** `old` with what of `fresh` takes effect while the agent runs; the rest waits for the next start. */
export function reloaded(old: Config, fresh: Config): Config {
  const { tenant, credentials, credentialFiles } = fresh.cloud;
  return {
    ...old,
    cloud: { ...old.cloud, tenant, credentials, credentialFiles },
    device: { ...old.device, children: old.device.children.map((child) => withTargets(child, fresh)) },
    intake: { ...old.intake, operationAgeMs: fresh.intake.operationAgeMs },
    conduits: fresh.conduits,
    switch: fresh.switch,
    plant: fresh.plant,
    limits: fresh.limits,
    keepAlive: fresh.keepAlive,
    log: { ...old.log, level: fresh.log.level },
  };
}

/** A child as it was provisioned, with the targets that the fresh configuration gives it. */
function withTargets(child: ChildConfig, fresh: Config): ChildConfig {
  const renewed = fresh.device.children.find(({ externalId }) => externalId === child.externalId);
  return renewed === undefined ? child : { ...child, targets: renewed.targets };
}

/** The value behind each key. Several keys may read one value: credentials change as a whole. */
const VALUES: Readonly<Record<KeyName, (config: Config) => unknown>> = {
  'cloud.url': ({ cloud }) => cloud.url,
  'cloud.remoteAccessUrl': ({ cloud }) => cloud.remoteAccessUrl,
  'cloud.tenant': ({ cloud }) => cloud.tenant,
  'cloud.user': ({ cloud: { credentials } }) => (credentials.kind === 'basic' ? credentials.user : undefined),
  'cloud.password': ({ cloud: { credentials } }) =>
    credentials.kind === 'basic' ? credentials.password : undefined,
  'cloud.token': ({ cloud: { credentials } }) =>
    credentials.kind === 'token' ? credentials.token : undefined,
  'cloud.credentialsFile': ({ cloud }) => cloud.credentialsFile,
  'cloud.certFile': ({ cloud: { credentials } }) =>
    credentials.kind === 'certificate' ? credentials.certificate.chain : undefined,
  'cloud.keyFile': ({ cloud: { credentials } }) =>
    credentials.kind === 'certificate' ? credentials.certificate.key : undefined,
  'cloud.tokenUrl': ({ cloud }) =>
    cloud.credentials.kind === 'certificate' ? cloud.tokenPlaces.map(({ url }) => url) : undefined,
  'cloud.caFile': ({ cloud }) => cloud.ca,
  'cloud.tlsMinimum': ({ cloud }) => cloud.minTlsVersion,
  'cloud.proxy': ({ cloud }) => [cloud.proxy, cloud.remoteAccessProxy, cloud.mqttProxy],
  'device.externalId': ({ device }) => device.externalId,
  'device.externalIdType': ({ device }) => device.externalIdType,
  'device.name': ({ device }) => device.name,
  'device.children': ({ device }) => device.children,
  'intake.kind': ({ intake }) => intake.kind,
  'intake.mqttUrl': ({ intake }) => intake.mqttUrl,
  'intake.operationAge': ({ intake }) => intake.operationAgeMs,
  'thinEdge.configDirectory': ({ thinEdge }) => thinEdge.configDirectory,
  'thinEdge.profile': ({ thinEdge }) => thinEdge.profile,
  'thinEdge.topicPrefix': ({ thinEdge }) => thinEdge.topicPrefix,
  'thinEdge.topicRoot': ({ thinEdge }) => thinEdge.topicRoot,
  'thinEdge.mqttUser': ({ thinEdge }) => thinEdge.broker.user,
  'thinEdge.mqttPassword': ({ thinEdge }) => thinEdge.broker.password,
  'thinEdge.mqttCaFile': ({ thinEdge }) => thinEdge.broker.ca,
  'thinEdge.mqttCertFile': ({ thinEdge }) => thinEdge.broker.certificate?.chain,
  'thinEdge.mqttKeyFile': ({ thinEdge }) => thinEdge.broker.certificate?.key,
  // Where a conduit is written is no part of what it permits: moving it in the file changes nothing.
  conduits: ({ conduits }) => conduits.map(withoutPlace),
  'approval.timeout': ({ approval }) => approval.timeoutMs,
  'approval.directory': ({ approval }) => approval.directory,
  'approval.mqttTopic': ({ approval }) => approval.mqttTopic,
  'switch.file': (config) => config.switch.file,
  'switch.mqttTopic': (config) => config.switch.mqttTopic,
  'plant.mqttUrl': ({ plant }) => plant?.mqttUrl,
  'plant.mqttUser': ({ plant }) => plant?.user,
  'plant.mqttPassword': ({ plant }) => plant?.password,
  'plant.caFile': ({ plant }) => plant?.ca,
  'limits.sessions': ({ limits }) => limits.sessions,
  'limits.sessionsPerTarget': ({ limits }) => limits.sessionsPerTarget,
  'limits.connectTimeout': ({ limits }) => limits.connectTimeoutMs,
  'limits.idleTimeout': ({ limits }) => limits.idleTimeoutMs,
  'limits.sessionDuration': ({ limits }) => limits.sessionDurationMs,
  'limits.bootstrapBuffer': ({ limits }) => limits.bootstrapBufferBytes,
  'limits.buffer': ({ limits }) => limits.bufferBytes,
  'limits.maxMessage': ({ limits }) => limits.maxMessageBytes,
  'limits.sessionBandwidth': ({ limits }) => limits.sessionBandwidthBytesPerSecond,
  'limits.bandwidth': ({ limits }) => limits.bandwidthBytesPerSecond,
  'limits.timeZone': ({ limits }) => limits.timeZone,
  'keepAlive.webSocketPing': ({ keepAlive }) => keepAlive.webSocketPingMs,
  'limits.memory': ({ limits }) => limits.memoryBytes,
  'state.directory': ({ state }) => state.directory,
  'workers.isolation': ({ workers }) => workers.isolation,
  'workers.count': ({ workers }) => workers.count,
  'admin.listen': ({ admin }) => admin.listen,
  'admin.token': ({ admin }) => admin.token,
  'audit.file': ({ audit }) => audit.file,
  'audit.events': ({ audit }) => audit.events,
  'log.level': ({ log }) => log.level,
  'log.format': ({ log }) => log.format,
};

function withoutPlace(conduit: Conduit): unknown {
  return { ...conduit, source: undefined, window: conduit.window?.times };
}

function identities({ device }: Config): unknown {
  return device.children.map(({ externalId, name }) => [externalId, name]);
}

/** The targets of the children that both have; a new child comes with the restart that it needs anyway. */
function targets({ device }: Config, other: Config): unknown {
  const shared = new Set(other.device.children.map(({ externalId }) => externalId));
  return device.children
    .filter(({ externalId }) => shared.has(externalId))
    .map((child) => [child.externalId, child.targets ?? null])
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
}

/** Compares by what JSON sees, with secrets by their value, which never leaves this function. */
function isSame(a: unknown, b: unknown): boolean {
  return comparable(a) === comparable(b);
}

function comparable(value: unknown): string | undefined {
  return JSON.stringify(revealed(value));
}

function revealed(value: unknown): unknown {
  if (value instanceof Secret) return { secret: value.reveal() };
  if (Array.isArray(value)) return value.map(revealed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, revealed(inner)]));
}
