import { readAuthorities } from './authorities.js';
import { fits, patternForm } from './form.js';
import { key } from './key.js';
import type { KeySpec } from './key.js';
import { credentialPart, password } from './secret-values.js';
import { readCertificates, readPrivateKey } from './thin-edge-files.js';
import { BadValue, MAX_PATH_CHARACTERS, parsed, text } from './values.js';

/** Longest name of a topic level, in characters; MQTT itself allows far more than anybody types. */
const MAX_LEVEL_CHARACTERS = 128;

/** No separator, no wildcard, nothing that MQTT keeps for itself; and no blank or control character. */
const LEVEL = '[^/+#$\\s\\u0000-\\u001f\\u007f-\\u009f][^/+#\\s\\u0000-\\u001f\\u007f-\\u009f]*';
const LEVEL_MESSAGE = 'One level of a topic, without / + # and blanks.';

/** Where thin-edge.io keeps its configuration unless told otherwise. */
export const THIN_EDGE_DIRECTORY = '/etc/tedge';

/** The keys under `thinEdge`; they matter with `intake.kind: thin-edge` only. */
export const THIN_EDGE_KEYS = {
  'thinEdge.configDirectory': key({
    schema: parsed((raw) => text(raw, MAX_PATH_CHARACTERS)),
    isPath: true,
    meaning:
      'where thin-edge.io keeps `tedge.toml`, from which come the defaults of other keys, and `operations/c8y`',
    unit: 'path',
    example: '/etc/tedge',
    default: THIN_EDGE_DIRECTORY,
    environment: ['GATEHOUSE_THIN_EDGE_CONFIG_DIRECTORY', 'TEDGE_CONFIG_DIR'],
  }),
  'thinEdge.profile': key({
    schema: parsed(topicLevel),
    meaning: 'cloud profile of thin-edge.io: `c8y.profiles.<name>` of `tedge.toml` instead of `c8y`',
    unit: 'text',
    example: 'acme',
    defaultText: 'none',
    environment: ['TEDGE_CLOUD_PROFILE'],
  }),
  'thinEdge.topicPrefix': key({
    schema: parsed(topicLevel),
    meaning: 'what the bridge puts before the topics of the cloud',
    unit: 'text',
    example: 'c8y',
    default: 'c8y',
    defaultText: '`c8y.bridge.topic_prefix` of `tedge.toml`, else `c8y`',
  }),
  'thinEdge.topicRoot': key({
    schema: parsed(topicLevel),
    meaning: 'first level of the local topics, below which the bridge tells whether it is up',
    unit: 'text',
    example: 'te',
    default: 'te',
    defaultText: '`mqtt.topic_root` of `tedge.toml`, else `te`',
  }),
  'thinEdge.mqttUser': key({
    schema: parsed(credentialPart),
    meaning: 'user at the local broker; goes with `thinEdge.mqttPassword`',
    unit: 'text',
    example: 'gatehouse',
    defaultText: '`mqtt.client.auth.username` of `tedge.toml`, else none',
    isPrivate: true,
  }),
  'thinEdge.mqttPassword': key({
    schema: parsed(password),
    meaning: 'password at the local broker',
    unit: 'secret',
    example: '(better thinEdge.mqttPasswordFile: /etc/gatehouse/mqtt-password)',
    defaultText: '`mqtt.client.auth.password_file` of `tedge.toml`, else none',
    isSecret: true,
  }),
  'thinEdge.mqttCaFile': key({
    schema: parsed(readAuthorities),
    isPath: true,
    meaning: 'roots that vouch for the local broker (PEM)',
    unit: 'path',
    example: '/etc/mosquitto/ca_certificates/ca.crt',
    defaultText: '`mqtt.client.auth.ca_file` of `tedge.toml`, else none',
  }),
  'thinEdge.mqttCertFile': key({
    schema: parsed(readCertificates),
    isPath: true,
    meaning: 'client certificate for the local broker (PEM); goes with `thinEdge.mqttKeyFile`',
    unit: 'path',
    example: '/etc/gatehouse/mqtt.crt',
    defaultText: '`mqtt.client.auth.cert_file` of `tedge.toml`, else none',
  }),
  'thinEdge.mqttKeyFile': key({
    schema: parsed(readPrivateKey),
    isPath: true,
    meaning: 'private key of that certificate (PEM)',
    unit: 'path',
    example: '/etc/gatehouse/mqtt.key',
    defaultText: '`mqtt.client.auth.key_file` of `tedge.toml`, else none',
  }),
} satisfies Record<string, KeySpec>;

/** One level of a topic. */
function topicLevel(raw: unknown): string {
  fits(raw, () => patternForm(LEVEL, LEVEL_MESSAGE, MAX_LEVEL_CHARACTERS));
  const level = text(raw, MAX_LEVEL_CHARACTERS);
  if (!new RegExp(`^${LEVEL}$`).test(level))
    throw new BadValue('must be one level of a topic: without /, +, #, blanks, and not beginning with $');
  return level;
}
