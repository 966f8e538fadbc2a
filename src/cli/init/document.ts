import { Document, isScalar, visit } from 'yaml';
import type { KeySpec } from '../../config/key.js';
import { OTHER_CREDENTIALS } from '../../config/credentials-file.js';
import { KEY_NAMES, specOf } from '../../config/schema.js';
import type { KeyName } from '../../config/schema.js';
import type { Draft, SecretSource } from './draft.js';

/** The text of a configuration, and the secrets that go into files of their own. */
export interface Documents {
  readonly text: string;
  /** By path, relative to the configuration. */
  readonly secrets: ReadonlyMap<string, string>;
}

export interface DocumentOptions {
  /** File name of the configuration without its ending: the secrets are called after it. */
  readonly stem: string;
  /** What the first line names for editors; undefined leaves the line out. */
  readonly schema: string | undefined;
  readonly madeAt: Date;
}

/** What stands above a section. Sections without an entry are explained by their keys alone. */
const SECTION_NOTES: Readonly<Record<string, string>> = {
  cloud: 'Which cloud, the way there, and how the gateway logs in.',
  device: 'Who the gateway is.',
  conduits: 'What may be reached through this gateway. Whatever no conduit names is refused.',
};

/** Longest comment line, in characters. */
const MAX_LINE = 110;

/** The configuration of a draft: what it says, and every other key commented out with its default. */
export function documentsOf(draft: Draft, options: DocumentOptions): Documents {
  const secrets = new Map<string, string>();
  const fileFor = (source: SecretSource, ending: string): string => {
    if ('file' in source) return source.file;
    const file = `${options.stem}.${ending}`;
    secrets.set(file, source.secret);
    return file;
  };
  const values = valuesOf(draft, fileFor);
  const lines = [
    ...(options.schema === undefined ? [] : [`# yaml-language-server: $schema=${options.schema}`]),
    `# Configuration of Gatehouse, made by \`gatehouse init\` on ${options.madeAt.toISOString().slice(0, 10)}.`,
    '# Keys that keep their default are commented out: take the first # of the line away, and that of its section.',
    '# After a change, `gatehouse check` tries it, and a running agent takes it on SIGHUP (systemctl reload gatehouse).',
  ];
  for (const [section, names] of sections()) {
    const block = sectionLines(section, names, values);
    if (block.length > 0) lines.push('', ...block);
  }
  return { text: `${lines.join('\n')}\n`, secrets };
}

type Values = ReadonlyMap<string, unknown>;

function valuesOf(draft: Draft, fileFor: (source: SecretSource, ending: string) => string): Values {
  const { login, proxy, caFile, intake, conduits, children } = draft;
  const values = new Map<string, unknown>([['cloud.url', draft.url]]);
  switch (login.kind) {
    case 'register':
      values.set('cloud.credentialsFile', login.file);
      break;
    case 'thin-edge':
      break;
    case 'password':
      values.set('cloud.tenant', login.tenant).set('cloud.user', login.user);
      values.set('cloud.passwordFile', fileFor(login.password, 'password'));
      break;
    case 'token':
      values.set('cloud.tokenFile', fileFor(login.token, 'token'));
      break;
    case 'certificate':
      values.set('cloud.certFile', login.certFile).set('cloud.keyFile', login.keyFile);
  }
  if (proxy !== undefined) values.set('cloud.proxyFile', fileFor(proxy, 'proxy'));
  if (caFile !== undefined) values.set('cloud.caFile', caFile);
  values.set('device.externalId', draft.externalId);
  if (children.length > 0) values.set('device.children', children);
  if (intake !== undefined) values.set('intake.kind', intake);
  return values.set('conduits', conduits);
}

/** Keys by section, in the order of the documentation. */
function sections(): ReadonlyMap<string, readonly KeyName[]> {
  const found = new Map<string, KeyName[]>();
  for (const name of KEY_NAMES) {
    const section = name.split('.')[0] ?? name;
    found.set(section, [...(found.get(section) ?? []), name]);
  }
  return found;
}

function sectionLines(section: string, names: readonly KeyName[], values: Values): string[] {
  const note = SECTION_NOTES[section];
  const head = note === undefined ? [] : [`# ${note}`];
  if (names[0] === section) return [...head, ...listLines(section, values.get(section))];
  const inner = names.flatMap((name) => keyLines(name, values)).map((line) => `  ${line}`);
  if (inner.length === 0) return [];
  const isSet = names.some((name) => values.has(name) || values.has(`${name}File`));
  if (isSet) return [...head, `${section}:`, ...inner];
  return [`${section}:`, ...inner.map((line) => line.replace(/^( *)#(?! )/, '$1'))].map((line) => `#${line}`);
}

/** The key with what it is for; commented out when it keeps its default; nothing when it is not for this file. */
function keyLines(name: KeyName, values: Values): string[] {
  const spec = specOf(name);
  const key = name.slice(name.indexOf('.') + 1);
  const isFile = values.has(`${name}File`);
  const value = values.get(name) ?? values.get(`${name}File`);
  const comment = wrapped(`${spec.meaning.slice(0, 1).toUpperCase()}${spec.meaning.slice(1)}.`);
  if (value !== undefined) return [...comment, ...written(isFile ? `${key}File` : key, value)];
  if (isOtherLogin(name, values)) return [];
  const usual = spec.defaultText === undefined ? [] : wrapped(`Default: ${spec.defaultText}.`);
  const line = optionLine(name, key, spec);
  return line === undefined ? [] : [...comment, ...usual, `#${line}`];
}

/** The key with its default, or else with an example; undefined when there is neither. */
function optionLine(name: string, key: string, spec: KeySpec): string | undefined {
  if (spec.isSecret) return `${key}File: /etc/gatehouse/${name.replace('.', '-')}`;
  const usual = spec.default;
  const isPlain = ['string', 'number', 'boolean'].includes(typeof usual) && usual !== '';
  if (isPlain) return written(key, usual).join('');
  return spec.example.startsWith('(') ? undefined : `${key}: ${spec.example}`;
}

/** Ways to log in that were not chosen would only confuse. */
function isOtherLogin(name: KeyName, values: Values): boolean {
  if (name === 'cloud.tokenUrl') return !values.has('cloud.certFile');
  return name === 'cloud.credentialsFile' || OTHER_CREDENTIALS.includes(name);
}

function listLines(section: string, list: unknown): string[] {
  if (Array.isArray(list) && list.length > 0) return written(section, list);
  return [
    '# For example:',
    '#   - name: packaging-hmis',
    '#     host: 10.0.5.0/24 # an address, a network or a DNS name',
    "#     ports: [5900, '8080-8089']",
    `${section}: []`,
  ];
}

/** A key and its value as lines of YAML; lists of scalars stand in one line. */
function written(key: string, value: unknown): string[] {
  const document = new Document({ [key]: value });
  visit(document, {
    Seq: (_, node) => {
      node.flow = node.items.every((item) => isScalar(item));
    },
  });
  const text = document.toString({ lineWidth: 0, singleQuote: true, flowCollectionPadding: false });
  return text.trimEnd().split('\n');
}

function wrapped(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length > MAX_LINE) lines.push(`# ${word}`);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
