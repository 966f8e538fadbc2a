import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as fc from 'fast-check';
import { stringify } from 'yaml';
import { loadConfig } from '../../../src/config/load.js';
import { ConfigError } from '../../../src/config/problem.js';
import { KEY_NAMES } from '../../../src/config/schema.js';
import { ConduitTable } from '../../../src/policy/conduit-table.js';
import { bytesOf, FOLDER, surface, type Case, type Written } from '../../hostile/cases.js';
import type { FuzzTarget } from '../target.js';

const GOOD = `cloud: { url: "https://acme.example.com", user: gw, password: canary-secret }
device: { externalId: gw-7 }
conduits: [{ name: a, host: 10.0.0.0/8, ports: [22, "80-90"] }]
`;

const VALUE = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>(
    '10s',
    '64KiB',
    5,
    '0',
    '10.0.0.0/8',
    'off',
    'https://a.example',
    '127.0.0.1:0',
    ['*'],
    [{ name: 'b', host: 'plc', ports: ['*'] }],
  ),
);

/** The good one with a few keys set to anything. */
const DOCUMENT = fc
  .dictionary(fc.constantFrom<string>(...KEY_NAMES), VALUE, { maxKeys: 4, noNullPrototype: true })
  .map((changes) => {
    const document: Record<string, unknown> = {
      cloud: { url: 'https://acme.example.com', user: 'gw', password: 'canary-secret' },
      device: { externalId: 'gw-7' },
    };
    for (const [key, value] of Object.entries(changes)) {
      const [section = '', name] = key.split('.');
      document[section] =
        name === undefined ? value : { ...(document[section] as object | undefined), [name]: value };
    }
    return Buffer.from(stringify(document));
  });

let folder: string | undefined;

/** One file for all runs of this process. */
function fileWith(input: Buffer): string {
  if (folder === undefined) {
    const made = mkdtempSync(path.join(tmpdir(), 'gatehouse-fuzz-'));
    process.on('exit', () => rmSync(made, { recursive: true, force: true }));
    folder = made;
  }
  const file = path.join(folder, 'gatehouse.yaml');
  writeFileSync(file, input, { mode: 0o600 });
  return file;
}

export const config: FuzzTarget = {
  name: 'config',
  holds: 'a file is refused with a ConfigError, or gives conduits that the policy understands',
  isSlow: true,
  seeds: () => [
    Buffer.from(GOOD),
    ...readdirSync(path.join(FOLDER, 'config')).map((file) =>
      readFileSync(path.join(FOLDER, 'config', file)),
    ),
    ...surface<Case & { readonly text?: Written }>('config').cases.flatMap(({ text }) =>
      text === undefined ? [] : [bytesOf(text).subarray(0, 1_500)],
    ),
  ],
  dictionary: [
    ...KEY_NAMES.map((key) => `${key.split('.').at(-1) ?? ''}: `),
    'cloud:\n  ',
    '- ',
    '&a ',
    '*a',
    '!!',
    '---\n',
    '|\n',
    '{',
    '}',
    '[',
    ']',
    '"',
    ': ',
    '# ',
    '0.0.0.0/0',
    '.nan',
  ],
  structured: DOCUMENT,
  check: (input) => {
    const file = fileWith(input);
    try {
      const { config: loaded, warnings } = loadConfig({ file, env: {}, cwd: path.dirname(file) });
      // Throws a RangeError for a host that the schema takes and the policy does not.
      assert.equal(new ConduitTable(loaded.conduits).all.length, loaded.conduits.length);
      for (const { ports } of loaded.conduits)
        for (const { from, to } of ports) assert.ok(from >= 1 && from <= to && to <= 65_535);
      assert.ok(/^https:|^http:\/\/(localhost|127\.|\[::1\])/.test(loaded.cloud.url), loaded.cloud.url);
      for (const warning of warnings) assert.doesNotMatch(warning, /\p{Cc}/u);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      assert.ok(error.problems.length > 0);
      assert.doesNotMatch(error.message.replaceAll('\n', ''), /\p{Cc}/u);
    }
  },
};
