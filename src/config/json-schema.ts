import { z } from 'zod';
import { CHILDREN, CHILD_KEYS, CONDUITS, CONDUIT_KEYS } from './conduit-schema.js';
import { OTHER_CREDENTIALS } from './credentials-file.js';
import { formOf, orNull, textForm } from './form.js';
import type { Form } from './form.js';
import type { KeySpec } from './key.js';
import { SECRET_FILES } from './layers.js';
import { KEY_NAMES, specOf } from './schema.js';
import type { KeyName } from './schema.js';
import { MAX_PATH_CHARACTERS } from './values.js';

/**
 * The JSON Schema of the configuration file, for editors: all from KEYS. It takes whatever the loader takes, and
 * refuses what can be refused by looking at the file alone: the environment may give any key that is missing, only the
 * loader opens other files, and rules between distant keys are its own.
 */
export function configurationSchema(): Form {
  const sections = new Map<string, Record<string, Form>>();
  const top: Record<string, Form> = {};
  for (const [name, form] of keyForms()) {
    const [section = name, key] = name.split('.');
    if (key === undefined) top[section] = form;
    else sections.set(section, { ...sections.get(section), [key]: form });
  }
  for (const [section, properties] of sections) {
    const rivals = RIVALS.filter(([first]) => first.startsWith(`${section}.`)).map(notBoth);
    const together = rivals.length === 0 ? {} : { allOf: rivals };
    top[section] = { type: ['object', 'null'], properties, additionalProperties: false, ...together };
  }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Configuration of Gatehouse',
    type: ['object', 'null'],
    properties: top,
    additionalProperties: false,
  };
}

/** The same as a file. */
export function configurationSchemaText(): string {
  return `${JSON.stringify(configurationSchema(), null, 2)}\n`;
}

/** Keys of one section that must not both have a value. */
const RIVALS: readonly (readonly [string, string])[] = [
  ...SECRET_FILES,
  ...['cloud.user', 'cloud.password', 'cloud.passwordFile'].flatMap((name): [string, string][] => [
    [name, 'cloud.token'],
    [name, 'cloud.tokenFile'],
  ]),
  ...['cloud.certFile', 'cloud.keyFile'].flatMap((name) =>
    ['cloud.user', 'cloud.password', 'cloud.passwordFile', 'cloud.token', 'cloud.tokenFile'].map(
      (other): [string, string] => [name, other],
    ),
  ),
  ...OTHER_CREDENTIALS.map((name): [string, string] => ['cloud.credentialsFile', name]),
];

function notBoth(pair: readonly [string, string]): Form {
  const names = pair.map((name) => name.slice(name.indexOf('.') + 1));
  const isGiven = { not: { type: 'null' } };
  return {
    not: { required: names, properties: Object.fromEntries(names.map((name) => [name, isGiven])) },
  };
}

function keyForms(): (readonly [string, Form])[] {
  return KEY_NAMES.flatMap((name): (readonly [string, Form])[] => {
    const spec = specOf(name);
    const own = [name, { ...about(spec), ...orNull(valueForm(name, spec)) }] as const;
    if (!spec.isSecret) return [own];
    const meaning = `file that holds \`${name}\`, closed to everybody else`;
    return [own, [`${name}File`, { description: meaning, ...orNull(textForm(MAX_PATH_CHARACTERS)) }]];
  });
}

function valueForm(name: KeyName, spec: KeySpec): Form {
  if (name === 'conduits') return listForm(CONDUITS, CONDUIT_KEYS);
  if (name === 'device.children') return listForm(CHILDREN, CHILD_KEYS);
  return schemaForm(spec.schema);
}

function listForm(schema: z.ZodType, keys: Readonly<Record<string, KeySpec>>): Form {
  const form = schemaForm(schema) as { items: { properties: Record<string, Form> } };
  const { items } = form;
  const properties = Object.entries(items.properties).map(([name, inner]) => {
    const spec = keys[name];
    return [name, spec === undefined ? inner : { ...about(spec), ...inner }];
  });
  return { ...form, items: { ...items, properties: Object.fromEntries(properties) as Form } };
}

/** Zod describes lists and mappings; our own parsers, which are transforms to it, are asked themselves. */
function schemaForm(schema: z.ZodType): Form {
  const form: Record<string, unknown> = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (!(zodSchema instanceof z.ZodPipe)) return;
      Object.assign(
        jsonSchema,
        formOf((raw) => zodSchema.safeParse(raw)),
      );
    },
  });
  delete form.$schema;
  return form;
}

function about({ meaning, isSecret, ...spec }: KeySpec): Form {
  const hasPlainDefault = typeof spec.default === 'string' || typeof spec.default === 'number';
  const notes = [
    sentence(meaning),
    ...(spec.defaultText === undefined ? [] : [`Default: ${spec.defaultText}.`]),
    ...(isSecret ? ['Better in a file of its own.'] : []),
    ...(spec.example.startsWith('(') ? [] : [`Example: ${spec.example}`]),
  ];
  return { description: notes.join(' '), ...(hasPlainDefault ? { default: spec.default } : {}) };
}

function sentence(meaning: string): string {
  return `${meaning.slice(0, 1).toUpperCase()}${meaning.slice(1)}.`;
}
