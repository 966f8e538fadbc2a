import { bytesOf, type Case, type Written } from './cases.js';

/** A line of config.json. */
export interface ConfigCase extends Case {
  readonly set?: Readonly<Record<string, unknown>>;
  readonly text?: Written;
  readonly path?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly manyConduits?: number;
  readonly problems?: readonly (readonly [key: string, says: string])[];
  readonly accepted?: Readonly<Record<string, unknown>>;
  readonly warns?: string;
  /** Also given to the command line and to a running agent. */
  readonly live?: boolean;
}

/** A configuration that works, by full key. */
const GOOD: Readonly<Record<string, unknown>> = {
  'cloud.url': 'https://acme.example.com',
  'cloud.user': 'gw',
  'cloud.password': 'canary-secret',
  'device.externalId': 'gw-7',
  conduits: [{ name: 'hmis', host: '10.0.5.0/24', ports: [5900] }],
};

/** What the file of a case holds: its text, or JSON (which is YAML too) of a good configuration with its changes. */
export function contentOf({ text, set = {}, manyConduits = 0 }: ConfigCase): Buffer {
  if (text !== undefined) return bytesOf(text);
  const document: Record<string, unknown> = {};
  const many = Array.from({ length: manyConduits }, (_, i) => ({
    name: `c${i}`,
    host: '10.0.0.1',
    ports: [1],
  }));
  const all: Record<string, unknown> = { ...GOOD, ...(manyConduits > 0 ? { conduits: many } : {}), ...set };
  for (const [key, value] of Object.entries(all)) {
    if (value === '__none') continue;
    const [section = '', name] = key.split('.');
    if (name === undefined) document[section] = value;
    else document[section] = { ...(document[section] as object | undefined), [name]: value };
  }
  return Buffer.from(JSON.stringify(document));
}
