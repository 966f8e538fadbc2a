import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { CHILD_KEYS, CONDUIT_KEYS } from '../../../src/config/conduit-schema.js';
import { readYaml } from '../../../src/config/document.js';
import { wholeNumberPattern } from '../../../src/config/form.js';
import { configurationSchema, configurationSchemaText } from '../../../src/config/json-schema.js';
import { loadConfig } from '../../../src/config/load.js';
import { ConfigError } from '../../../src/config/problem.js';
import { KEY_NAMES, specOf } from '../../../src/config/schema.js';
import { surface } from '../../hostile/cases.js';
import { contentOf, type ConfigCase } from '../../hostile/config-cases.js';

const SCHEMA = fileURLToPath(new URL('../../../../schema/gatehouse.schema.json', import.meta.url));
const HOSTILE = fileURLToPath(new URL('../../../../test/data/hostile/config/', import.meta.url));

const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-schema-'));
after(() => rmSync(folder, { recursive: true, force: true }));

// patternErrorMessage is for editors only.
const ajv = new Ajv2020({ allErrors: true, strict: false });
const accepts = ajv.compile(configurationSchema());

function complaints(): string {
  return ajv.errorsText(accepts.errors, { dataVar: '' });
}

/** The document as an editor sees it; undefined when the file is not read as one. */
function documentOf(text: string): { readonly value: unknown } | undefined {
  try {
    const { isBroken, problems } = readYaml(text);
    if (isBroken || problems.length > 0) return undefined;
    return { value: parse(text, { logLevel: 'error' }) as unknown };
  } catch {
    return undefined;
  }
}

/** What the loader has against a file that stands alone. */
function problemsOf(text: string | Buffer): readonly string[] {
  const file = path.join(folder, 'gatehouse.yaml');
  writeFileSync(file, text, { mode: 0o600 });
  try {
    loadConfig({ file, env: {}, cwd: folder });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ key, message }) => `${key} ${message}`);
  }
}

/** Problems that cannot be seen in the file alone, each with the reason. */
const BEYOND = [
  // The environment may give what is missing.
  /^[A-Za-z.]+ is missing/,
  /^cloud has no credentials/,
  // What another key says, or another entry of a list.
  /also the (name|external id) of/,
  /names no conduit/,
  /mqtt needs cloud\.user/,
  /must not hold a colon with intake\.kind mqtt/,
  // Arithmetic.
  /has host bits set/,
  /runs backwards/,
  /begins and ends at the same time/,
  /must not begin at 24:00/,
  // What the machine knows.
  /IANA time zone that this machine knows/,
  // What other files hold.
  /names a file that/,
];

test('schema/gatehouse.schema.json is what the keys say (UPDATE_DOCS=1 writes it anew)', () => {
  if (process.env.UPDATE_DOCS === '1') writeFileSync(SCHEMA, configurationSchemaText());
  assert.equal(readFileSync(SCHEMA, 'utf8'), configurationSchemaText());
});

interface Described {
  readonly properties?: Readonly<Record<string, Described>>;
  readonly items?: Described;
}

function assertForm(name: string, found: Described | undefined): void {
  assert.ok(found !== undefined && 'description' in found, name);
  const hasForm = 'type' in found || 'enum' in found || 'anyOf' in found;
  assert.ok(hasForm, `${name} takes anything: its parser should begin with fits(…)`);
}

test('every key is described, and every value has a form', () => {
  const { properties } = configurationSchema() as Described;
  for (const name of KEY_NAMES) {
    const [section = '', key] = name.split('.');
    assertForm(name, key === undefined ? properties?.[section] : properties?.[section]?.properties?.[key]);
  }
  const children = properties?.device?.properties?.children?.items?.properties;
  for (const name of Object.keys(CONDUIT_KEYS))
    assertForm(`conduits[].${name}`, properties?.conduits?.items?.properties?.[name]);
  for (const name of Object.keys(CHILD_KEYS)) assertForm(`device.children[].${name}`, children?.[name]);
});

/** A configuration with one key set. */
function withKey(name: string, value: unknown): object {
  const [section = '', key] = name.split('.');
  return { [section]: key === undefined ? value : { [key]: value } };
}

for (const name of KEY_NAMES) {
  const { example, default: usual } = specOf(name);
  if (example.startsWith('(')) continue;
  test(`${name} takes its example and its default`, () => {
    const values = [parse(example) as unknown, usual, null].filter((value) => value !== undefined);
    for (const value of values)
      assert.ok(accepts(withKey(name, value)), `${JSON.stringify(value)}: ${complaints()}`);
  });
}

test('a conduit and a child take the examples of all their keys', () => {
  const entry = (keys: object): object =>
    Object.fromEntries(
      Object.entries(keys as Record<string, { example: string }>)
        .filter(([, { example }]) => !example.startsWith('('))
        .map(([name, { example }]) => [name, parse(example) as unknown]),
    );
  const document = { conduits: [entry(CONDUIT_KEYS)], device: { children: [entry(CHILD_KEYS)] } };
  assert.ok(accepts(document), complaints());
});

for (const one of surface<ConfigCase>('config').cases) {
  if (one.path !== undefined || one.env !== undefined) continue;
  test(`the schema and the loader agree: ${one.id}`, () => {
    const content = contentOf(one);
    const document = documentOf(content.toString());
    const problems = problemsOf(content);
    // What is no text or no YAML for us, an editor says by itself.
    const isText = problems.every((problem) => !problem.startsWith(' the configuration file'));
    if (document === undefined || !isText) return assert.notDeepEqual(problems, []);
    const hasVisible = problems.some((problem) => BEYOND.every((pattern) => !pattern.test(problem)));
    assert.equal(accepts(document.value), !hasVisible, [...problems, complaints()].join('\n'));
  });
}

for (const file of readdirSync(HOSTILE).filter((name) => name.endsWith('.yaml'))) {
  test(`the schema and the loader agree: ${file}`, () => {
    const text = readFileSync(path.join(HOSTILE, file), 'utf8');
    const document = documentOf(text);
    if (document === undefined) return;
    const hasVisible = problemsOf(text).some((problem) => BEYOND.every((pattern) => !pattern.test(problem)));
    assert.equal(accepts(document.value), !hasVisible, complaints());
  });
}

test('numbers in a range, and no others, match the pattern of the range', () => {
  for (const [min, max] of [
    [0, 0],
    [0, 255],
    [1, 65_535],
    [7, 1_203],
    [100, 100],
    [998, 10_001],
  ] as const) {
    const pattern = new RegExp(`^(?:${wholeNumberPattern(min, max)})$`);
    for (let number = 0; number <= max + 1_100; number++) {
      assert.equal(
        pattern.test(String(number)),
        number >= min && number <= max,
        `${number} of ${min}-${max}`,
      );
    }
  }
});
