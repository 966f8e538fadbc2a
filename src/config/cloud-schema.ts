import { readAuthorities } from './authorities.js';
import { readCertificate, readKey } from './device-certificate.js';
import { fits } from './form.js';
import { key } from './key.js';
import type { KeySpec } from './key.js';
import { bearerToken, credentialPart, password, tenantId } from './secret-values.js';
import { cloudUrl, proxyUrl, remoteAccessUrl, tokenUrl } from './urls.js';
import { MAX_PATH_CHARACTERS, oneOf, parsed, text } from './values.js';

/** The keys under `cloud`. */
export const CLOUD_KEYS = {
  'cloud.url': key({
    schema: parsed(cloudUrl),
    meaning: 'the tenant; `http://` only for loopback, no path, no credentials',
    unit: 'URL',
    example: 'https://acme.example.com',
    isRequired: true,
    environment: ['C8Y_BASEURL'],
  }),
  'cloud.remoteAccessUrl': key({
    schema: parsed(remoteAccessUrl),
    meaning: 'base URL of the tunnel WebSockets where they go through another host or port',
    unit: 'URL',
    example: 'https://tunnels.acme.example.com',
    defaultText: '`cloud.url`',
    environment: ['GATEHOUSE_CLOUD_REMOTE_ACCESS_URL'],
  }),
  'cloud.tenant': key({
    schema: parsed(tenantId),
    meaning: 'tenant id; may be empty, then the cloud finds it by the host name',
    unit: 'text',
    example: 't0815',
    default: '',
    defaultText: 'empty',
    environment: ['C8Y_TENANT'],
    isPrivate: true,
    reloads: true,
  }),
  'cloud.user': key({
    schema: parsed(credentialPart),
    meaning: 'user of basic authentication; goes with `cloud.password`',
    unit: 'text',
    example: 'device_gw-7',
    environment: ['C8Y_USER'],
    isPrivate: true,
    reloads: true,
  }),
  'cloud.password': key({
    schema: parsed(password),
    meaning: 'password of basic authentication',
    unit: 'secret',
    example: '(better cloud.passwordFile: /etc/gatehouse/password)',
    environment: ['C8Y_PASSWORD'],
    isSecret: true,
    reloads: true,
  }),
  'cloud.token': key({
    schema: parsed(bearerToken),
    meaning: 'bearer token, instead of user and password',
    unit: 'secret',
    example: '(better cloud.tokenFile: /etc/gatehouse/token)',
    environment: ['C8Y_TOKEN'],
    isSecret: true,
    reloads: true,
  }),
  'cloud.credentialsFile': key({
    schema: parsed((raw) => text(raw, MAX_PATH_CHARACTERS)),
    isPath: true,
    meaning:
      'YAML file with `tenant`, `user` and `password`, instead of the keys of these names: what `gatehouse register` stores',
    unit: 'path',
    example: '/etc/gatehouse/credentials.yaml',
    defaultText: 'none',
    environment: ['GATEHOUSE_CLOUD_CREDENTIALS_FILE'],
    reloads: true,
  }),
  'cloud.certFile': key({
    schema: parsed(readCertificate),
    meaning: 'X.509 device certificate instead of user and password (PEM, with its chain)',
    unit: 'path',
    example: '/etc/gatehouse/device.pem',
    environment: ['GATEHOUSE_CLOUD_CERT_FILE'],
    isPath: true,
    reloads: true,
  }),
  'cloud.keyFile': key({
    schema: parsed(readKey),
    meaning: 'private key of `cloud.certFile` (PEM, without passphrase), closed to everybody else',
    unit: 'path',
    example: '/etc/gatehouse/device.key',
    environment: ['GATEHOUSE_CLOUD_KEY_FILE'],
    isPath: true,
    reloads: true,
  }),
  'cloud.tokenUrl': key({
    schema: parsed(tokenUrl),
    meaning:
      'where tokens for `cloud.certFile` are asked for, and nowhere else: the access token endpoint (`https://`), or the MQTT endpoint (`mqtts://`)',
    unit: 'URL',
    example: 'https://acme.example.com:8443',
    defaultText: '`https://<cloud host>:8443`, then `intake.mqttUrl`',
    environment: ['GATEHOUSE_CLOUD_TOKEN_URL'],
  }),
  'cloud.caFile': key({
    schema: parsed(readAuthorities),
    meaning: 'extra trusted roots (PEM), beside those of Node.js and of the system',
    isPath: true,
    unit: 'path',
    example: '/etc/gatehouse/ca.pem',
    defaultText: 'system roots',
    environment: ['GATEHOUSE_CLOUD_CA_FILE'],
  }),
  'cloud.tlsMinimum': key({
    schema: parsed(tlsVersion),
    meaning: 'oldest TLS version that is accepted from the cloud',
    unit: '`1.2`, `1.3`',
    example: '"1.3"',
    default: '1.2',
  }),
  'cloud.proxy': key({
    schema: parsed(proxyUrl),
    meaning:
      'HTTP proxy (`http://` or `https://`) for REST, WebSockets and MQTT alike; hosts in `NO_PROXY` are reached without it',
    unit: 'URL, secret',
    example: 'http://user:password@proxy.example.com:3128',
    defaultText: 'none',
    environment: ['HTTPS_PROXY', 'https_proxy'],
    isSecret: true,
  }),
} satisfies Record<string, KeySpec>;

/** YAML reads a bare 1.3 as a number. */
function tlsVersion(raw: unknown): '1.2' | '1.3' {
  fits(raw, () => ({ enum: ['1.2', '1.3', 1.2, 1.3] }));
  return oneOf(typeof raw === 'number' ? raw.toFixed(1) : raw, ['1.2', '1.3']);
}
