import { CHILD_KEYS, CONDUIT_KEYS } from './conduit-schema.js';
import type { KeySpec } from './key.js';
import { KEY_NAMES, specOf } from './schema.js';

/** The content of docs/configuration.md: all keys, from the schema alone. */
export function configurationPage(): string {
  const keys = KEY_NAMES.map((name) => [name, specOf(name)] as const);
  return [
    '# Configuration',
    '',
    '<!-- Generated from src/config/schema.ts by src/config/documentation.ts; do not edit. -->',
    '',
    ...INTRODUCTION,
    '',
    '## Keys',
    '',
    ...table(keys),
    '',
    '## A conduit',
    '',
    'A permitted path. What no conduit names is refused.',
    '',
    ...table(Object.entries(CONDUIT_KEYS)),
    '',
    '## A child',
    '',
    'A device behind the gateway, under `device.children`.',
    '',
    ...table(Object.entries(CHILD_KEYS)),
    '',
    ...EXAMPLE,
    '',
  ].join('\n');
}

const INTRODUCTION = [
  'YAML 1.2, at most 1 MiB, looked for as `gatehouse.yaml` in the working directory, then',
  '`/etc/gatehouse/gatehouse.yaml`, unless `--config FILE` names it. `gatehouse check` validates it and tries what it',
  'names; `gatehouse check --print` shows every value with where it came from.',
  '',
  '- Precedence: command line, environment, file, default. With `intake.kind: thin-edge`, `tedge.toml` stands between file',
  '  and default for the keys that both have (docs/integrator/thin-edge.md).',
  '- Unknown keys, keys given twice, YAML aliases and tags are errors. All errors are reported at once.',
  '- Durations are whole numbers with `ms`, `s`, `m`, `h` or `d`; none is longer than 24 days.',
  '- Sizes are whole numbers with `B`, `KiB`, `MiB` or `GiB`.',
  '- Texts that look like numbers need quotes: `externalId: "0012"`.',
  '- A secret may stand in a file of its own (at most 10 KiB, one line break at its end is dropped), named by',
  '  `<key>File`, for example `cloud.passwordFile`.',
  '- A file with a secret in it, this one included, belongs to the agent (or root) and is closed to everybody else',
  '  (`chmod 600`); only what root owns may be readable for a group (`root:gatehouse 0640`, and systemd credentials).',
  '  Anything else is an error, as is a configuration or `cloud.caFile` that everybody can write.',
  '- Relative paths start at the folder of the configuration file.',
  '- The credentials are exactly one of `cloud.user` with `cloud.password`, `cloud.token`, `cloud.credentialsFile`, or',
  '  `cloud.certFile` with `cloud.keyFile` ([integrator/x509.md](integrator/x509.md)); with `intake.kind: thin-edge` there',
  '  may be none, and the tokens of thin-edge.io are used. Files with credentials are read again when they change.',
  '- `NO_PROXY` holds names, addresses, `10.0.0.0/8`, `host:port` or `*`; it is judged for each host of the cloud side',
  '  ([integrator/proxies.md](integrator/proxies.md)). A proxy from the environment is not used for loopback.',
  '- `NODE_TLS_REJECT_UNAUTHORIZED=0` is refused; name your own root in `cloud.caFile`.',
  '- SIGHUP reads the configuration again, in a new generation of the agent. All keys but `state.directory` take effect',
  '  for sessions opened from then on; those marked ↻ (of children: their `targets`) also matter to sessions that are',
  '  open: one whose conduit is gone ends. An invalid file changes nothing.',
];

const EXAMPLE = [
  '## Example',
  '',
  '```yaml',
  'cloud:',
  '  url: https://acme.example.com',
  '  tenant: t0815',
  '  user: device_gw-7',
  '  passwordFile: /etc/gatehouse/password',
  'device:',
  "  externalId: 'gw-7'",
  '  children:',
  "    - externalId: 'plc-17'",
  '      name: Filler 17',
  '      targets: [packaging-hmis]',
  'conduits:',
  '  - name: packaging-hmis',
  '    host: 10.0.5.0/24',
  "    ports: [5900, '8080-8089']",
  '    maxSessions: 4',
  'limits:',
  '  idleTimeout: 30m',
  '```',
];

/** Columns are padded the way the formatter of this repository does it. */
function table(keys: readonly (readonly [string, KeySpec])[]): string[] {
  const head = ['key', 'meaning', 'value', 'default', 'environment', 'example'];
  const rows = [head, ...keys.map(([name, spec]) => row(name, spec))];
  const widths = head.map((_, column) => Math.max(3, ...rows.map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[], pad: string): string =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width, pad)).join(' | ')} |`;
  return [line(head, ' '), line([], '-'), ...rows.slice(1).map((cells) => line(cells, ' '))];
}

function row(name: string, spec: KeySpec): string[] {
  const mark = spec.reloads ? ' ↻' : '';
  const meaning = `${spec.meaning}${spec.isSecret ? `; or \`${name}File\`` : ''}`;
  const environment = spec.environment?.map((variable) => `\`${variable}\``).join(', ') ?? '';
  const example = spec.example.startsWith('(') ? spec.example.slice(1, -1) : `\`${spec.example}\``;
  const cells = [`\`${name}\`${mark}`, meaning, spec.unit, defaultOf(spec), environment, example];
  return cells.map((cell) => cell.replaceAll('|', '\\|'));
}

function defaultOf(spec: KeySpec): string {
  if (spec.isRequired) return 'required';
  if (spec.defaultText !== undefined) return spec.defaultText;
  const isPlain = ['string', 'number', 'boolean'].includes(typeof spec.default);
  return isPlain ? `\`${String(spec.default)}\`` : '';
}
