import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { OTHER_CREDENTIALS } from './credentials-file.js';
import { FileMissing, readTextFile } from './file.js';
import type { Entry, Layer } from './layers.js';
import { bypassesProxy } from './no-proxy.js';
import { exposure, tampering } from './permissions.js';
import type { Problem, Source } from './problem.js';
import { THIN_EDGE_DIRECTORY } from './thin-edge-schema.js';
import { commonName } from './thin-edge-files.js';
import { BadValue } from './values.js';

/** Largest file of thin-edge.io that is read, in bytes; a full tedge.toml has a few KiB. */
const MAX_TOML_BYTES = 262_144;

/** Who is who in the cloud: any of them in our own configuration means that thin-edge.io is not asked. */
const CREDENTIALS = [...OTHER_CREDENTIALS.filter((key) => key !== 'cloud.tenant'), 'cloud.credentialsFile'];

/** Where a directory of trusted roots has them in one file, as Debian, Alpine and Yocto keep it. */
const BUNDLE = 'ca-certificates.crt';

/** Where thin-edge.io looks for roots unless it is told another place. */
const DEFAULT_ROOTS = '/etc/ssl/certs';

/**
 * Fills in from tedge.toml what nothing else gives, when the intake is thin-edge: the cloud, the device, the local broker,
 * and, where thin-edge.io logs in with a password, user and password.
 */
export function addThinEdge(entries: Layer, problems: Problem[]): void {
  if (entries.get('intake.kind')?.raw !== 'thin-edge') return;
  new TedgeToml(entries, problems).fill();
}

type Table = Readonly<Record<string, unknown>>;

class TedgeToml {
  readonly #folder: string;
  readonly #file: string;
  readonly #profile: string;
  #root: Table = {};

  constructor(
    private readonly entries: Layer,
    private readonly problems: Problem[],
  ) {
    const folder = this.#written('thinEdge.configDirectory');
    this.#folder = typeof folder === 'string' ? folder : THIN_EDGE_DIRECTORY;
    this.#file = path.join(this.#folder, 'tedge.toml');
    const profile = this.#written('thinEdge.profile');
    this.#profile = typeof profile === 'string' ? profile : '';
  }

  fill(): void {
    const root = this.#read(this.#file, ({ permissions }) => tampering(this.#file, permissions));
    if (root === undefined) return;
    this.#root = root;
    if (this.#profile !== '' && !isTable(at(root, `c8y.profiles.${this.#profile}`))) {
      this.#complain('thinEdge.profile', `"${this.#profile}" is no profile of ${this.#file}`);
      return;
    }
    this.#cloud();
    this.#device();
    this.#broker();
    this.#proxy();
    this.#credentials();
  }

  #cloud(): void {
    const [key, host] = this.#first('http', 'url');
    // tedge.toml has host or host:port, without scheme.
    if (typeof host === 'string') this.#set('cloud.url', `https://${host}`, key);
    const [rootsKey, roots] = this.#first('root_cert_path');
    if (typeof roots === 'string') this.#set('cloud.caFile', bundleOf(this.#absolute(roots)), rootsKey);
    else if (existsSync(DEFAULT_ROOTS))
      this.#set('cloud.caFile', bundleOf(DEFAULT_ROOTS), 'c8y.root_cert_path, its default');
    this.#set('thinEdge.topicPrefix', ...this.#named('bridge.topic_prefix'));
  }

  /** The device id is in tedge.toml, or else in the certificate that thin-edge.io logs in with. */
  #device(): void {
    const [key, id] = this.#first('device.id');
    this.#set('device.externalId', id, key);
    this.#plain('device.externalId', 'device.id');
    const [, own] = this.#first('device.cert_path');
    const written = own ?? at(this.#root, 'device.cert_path');
    const file = this.#absolute(typeof written === 'string' ? written : 'device-certs/tedge-certificate.pem');
    this.#set('device.externalId', commonName(file), 'common name', file);
  }

  #broker(): void {
    const auth = 'mqtt.client.auth';
    this.#plain('thinEdge.topicRoot', 'mqtt.topic_root');
    this.#plain('thinEdge.mqttUser', `${auth}.username`);
    if (!this.entries.has('thinEdge.mqttPassword'))
      this.#path('thinEdge.mqttPasswordFile', `${auth}.password_file`);
    const roots = at(this.#root, `${auth}.ca_dir`);
    this.#path('thinEdge.mqttCaFile', `${auth}.ca_file`);
    if (typeof roots === 'string')
      this.#set('thinEdge.mqttCaFile', bundleOf(this.#absolute(roots)), `${auth}.ca_dir`);
    this.#path('thinEdge.mqttCertFile', `${auth}.cert_file`);
    this.#path('thinEdge.mqttKeyFile', `${auth}.key_file`);
    const [host, port] = [at(this.#root, 'mqtt.client.host'), at(this.#root, 'mqtt.client.port')];
    if (host === undefined && port === undefined) return;
    const isTls = ['ca_file', 'ca_dir', 'cert_file'].some(
      (name) => at(this.#root, `${auth}.${name}`) !== undefined,
    );
    const scheme = isTls ? 'mqtts' : 'mqtt';
    const name = typeof host === 'string' ? bracketed(host) : '127.0.0.1';
    const url = `${scheme}://${name}:${typeof port === 'number' || typeof port === 'string' ? port : 1_883}`;
    this.#set('intake.mqttUrl', url, 'mqtt.client');
  }

  #proxy(): void {
    const address = at(this.#root, 'proxy.address');
    if (typeof address !== 'string' || this.entries.has('cloud.proxy') || this.entries.has('cloud.proxyFile'))
      return;
    const [user, secret] = [at(this.#root, 'proxy.username'), at(this.#root, 'proxy.password')];
    const none = at(this.#root, 'proxy.no_proxy');
    if (typeof none === 'string' && this.#isCloudIn(none)) return;
    const login =
      typeof user === 'string' && typeof secret === 'string'
        ? `${encodeURIComponent(user)}:${encodeURIComponent(secret)}@`
        : '';
    const scheme = at(this.#root, 'proxy.type') === 'https' ? 'https' : 'http';
    this.#set('cloud.proxy', `${scheme}://${login}${address}`, 'proxy.address');
  }

  #isCloudIn(noProxy: string): boolean {
    const url = this.entries.get('cloud.url')?.raw;
    if (typeof url !== 'string' || !URL.canParse(url)) return false;
    const { hostname, port } = new URL(url);
    return bypassesProxy(noProxy, hostname, Number(port) || 443);
  }

  /** With a password thin-edge.io has no tokens to give, so we log in as it does. */
  #credentials(): void {
    if (CREDENTIALS.some((key) => this.entries.has(key))) return;
    const [, method = 'certificate'] = this.#first('auth_method');
    const [, written] = this.#first('credentials_path');
    const file = this.#absolute(typeof written === 'string' ? written : 'credentials.toml');
    if (method === 'certificate' || (method === 'auto' && !existsSync(file))) return;
    const root = this.#read(file, ({ permissions }) => exposure(file, permissions), 'c8y.credentials_path');
    if (root === undefined) return;
    const [user, secret] = [at(root, 'c8y.username'), at(root, 'c8y.password')];
    if (typeof user !== 'string' || typeof secret !== 'string') {
      const message = `needs c8y.username and c8y.password in ${file}, where thin-edge.io keeps them`;
      this.#complain('cloud.user', message);
      return;
    }
    const [, tenant, name] = /^([^/]+)\/(.+)$/.exec(user) ?? [undefined, undefined, user];
    if (tenant !== undefined) this.#set('cloud.tenant', tenant, 'c8y.username', file);
    this.#set('cloud.user', name, 'c8y.username', file);
    this.#set('cloud.password', secret, 'c8y.password', file);
  }

  /** A file of thin-edge.io; undefined when it is missing or has a problem, which is told. */
  #read(
    file: string,
    judge: (found: ReturnType<typeof readTextFile>) => string | undefined,
    mustExist?: string,
  ): Table | undefined {
    const complain = (message: string): Table | undefined => {
      this.problems.push({ source: fileSource(file, ''), key: '', message, example: undefined });
      return undefined;
    };
    try {
      const found = readTextFile(file, MAX_TOML_BYTES);
      const trouble = judge(found);
      if (trouble !== undefined) return complain(`is a file that ${trouble}`);
      return parse(found.text);
    } catch (error) {
      if (error instanceof FileMissing && mustExist === undefined) return undefined;
      if (error instanceof BadValue)
        return complain(`${error.message}${mustExist === undefined ? '' : ` (${mustExist} names it)`}`);
      // The library's message quotes the text, which may be a password.
      if (error instanceof TomlError) return complain(`is not valid TOML in line ${error.line}`);
      throw error;
    }
  }

  /** The first of these keys that `c8y` (or the profile) has, with its full name. */
  #first(...names: readonly string[]): [key: string, value: unknown] {
    const section = this.#profile === '' ? 'c8y' : `c8y.profiles.${this.#profile}`;
    for (const name of names) {
      const value = at(this.#root, `${section}.${name}`);
      if (value !== undefined) return [`${section}.${name}`, value];
    }
    return [section, undefined];
  }

  #named(name: string): [value: unknown, key: string] {
    const [key, value] = this.#first(name);
    return [value, key];
  }

  #plain(ours: string, theirs: string): void {
    this.#set(ours, at(this.#root, theirs), theirs);
  }

  #path(ours: string, theirs: string): void {
    const value = at(this.#root, theirs);
    this.#set(ours, typeof value === 'string' ? this.#absolute(value) : value, theirs);
  }

  #set(ours: string, raw: unknown, theirs: string, file = this.#file): void {
    if (raw === undefined || this.entries.has(ours)) return;
    this.entries.set(ours, { raw, source: fileSource(file, theirs) } satisfies Entry);
  }

  #written(key: string): unknown {
    return this.entries.get(key)?.raw;
  }

  #absolute(written: string): string {
    return path.resolve(this.#folder, written);
  }

  #complain(key: string, message: string): void {
    const source = this.entries.get(key)?.source ?? fileSource(this.#file, '');
    this.problems.push({ source, key, message, example: undefined });
  }
}

function fileSource(file: string, key: string): Source {
  return { kind: 'thin-edge', file, key };
}

/** The value at a dotted path; only own members count. */
function at(root: Table, dotted: string): unknown {
  return dotted
    .split('.')
    .reduce<unknown>(
      (inner, name) => (isTable(inner) && Object.hasOwn(inner, name) ? inner[name] : undefined),
      root,
    );
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** Trusted roots may be a file or a directory; undefined for a directory that does not keep them in one file, too. */
function bundleOf(roots: string): string | undefined {
  if (!existsSync(roots) || !statSync(roots).isDirectory()) return roots;
  const bundle = path.join(roots, BUNDLE);
  return existsSync(bundle) ? bundle : undefined;
}

function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
