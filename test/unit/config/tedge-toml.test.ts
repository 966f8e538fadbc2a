import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { loadConfig, type LoadedConfig } from '../../../src/config/load.js';
import { ConfigError } from '../../../src/config/problem.js';
import { effectiveConfig } from '../../../src/config/view.js';

interface Given {
  readonly toml?: string;
  readonly credentials?: string;
  readonly yaml?: string;
  readonly env?: Record<string, string>;
  readonly prepare?: (folder: string) => void;
}

const BASIC = '[c8y]\nurl = "acme.example.com"\nauth_method = "basic"\n[device]\nid = "gw-7"\n';
const CREDENTIALS = '[c8y]\nusername = "t0815/device_gw-7"\npassword = "canary-p"\n';

/** Loads with these files of thin-edge.io. */
function load(t: TestContext, given: Given): LoadedConfig & { readonly folder: string } {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-toml-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  if (given.toml !== undefined) writeFileSync(path.join(folder, 'tedge.toml'), given.toml);
  if (given.credentials !== undefined)
    writeFileSync(path.join(folder, 'credentials.toml'), given.credentials, { mode: 0o600 });
  given.prepare?.(folder);
  const file = path.join(folder, 'gatehouse.yaml');
  writeFileSync(file, `intake: { kind: thin-edge }\nthinEdge: { configDirectory: . }\n${given.yaml ?? ''}`, {
    mode: 0o600,
  });
  return { ...loadConfig({ file, env: given.env ?? {}, cwd: folder }), folder };
}

function problems(t: TestContext, given: Given): string {
  try {
    load(t, given);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return assert.fail('no problem');
}

test('cloud, device, broker, proxy and credentials come from thin-edge.io, and each value says from which key', (t) => {
  const { config, sources, folder } = load(t, {
    toml: `${BASIC}[mqtt.client]\nhost = "127.0.0.1"\nport = 1884\n[proxy]\naddress = "proxy.example.com:3128"\nusername = "me"\npassword = "canary-q"\n`,
    credentials: CREDENTIALS,
  });
  assert.equal(config.cloud.url, 'https://acme.example.com');
  assert.equal(config.cloud.tenant, 't0815');
  assert.ok(config.cloud.credentials.kind === 'basic');
  assert.equal(config.cloud.credentials.user, 'device_gw-7');
  assert.equal(config.cloud.credentials.password.reveal(), 'canary-p');
  assert.equal(config.device.externalId, 'gw-7');
  assert.equal(config.intake.mqttUrl, 'mqtt://127.0.0.1:1884');
  assert.equal(config.cloud.proxy?.password?.reveal(), 'canary-q');
  const text = effectiveConfig(config, sources).join('\n');
  const toml = path.join(folder, 'tedge.toml');
  assert.match(
    text,
    new RegExp(`^cloud\\.url +https://acme\\.example\\.com +# ${toml} \\(c8y\\.url\\)$`, 'm'),
  );
  assert.match(text, /^cloud\.password +\[secret\] +# \S+credentials\.toml \(c8y\.password\)$/m);
  assert.match(text, /^thinEdge\.topicPrefix +c8y +# default$/m);
  assert.doesNotMatch(text, /canary/);
});

test('what the command line, the environment or our own file says is stronger', (t) => {
  const { config } = load(t, {
    toml: `${BASIC}[c8y.bridge]\ntopic_prefix = "c8y-two"\n`,
    yaml: 'device: { externalId: "gw-8" }\ncloud: { tokenFile: token }\n',
    env: { C8Y_BASEURL: 'https://other.example.com' },
    prepare: (folder) => writeFileSync(path.join(folder, 'token'), 'a-token', { mode: 0o600 }),
  });
  assert.equal(config.device.externalId, 'gw-8');
  assert.equal(config.cloud.url, 'https://other.example.com');
  assert.equal(
    config.cloud.credentials.kind,
    'token',
    'and credentials.toml, which is missing, is not asked for',
  );
  assert.equal(config.thinEdge.topicPrefix, 'c8y-two');
});

test('with a certificate there are no credentials of ours, and its common name is the device id', (t) => {
  const { config, sources } = load(t, {
    toml: '[c8y]\nurl = "acme.example.com"\nhttp = "tunnels.example.com:8443"\n',
    prepare: (folder) => {
      mkdirSync(path.join(folder, 'device-certs'));
      const [certificate, key] = ['tedge-certificate.pem', 'key.pem'].map((name) =>
        path.join(folder, 'device-certs', name),
      );
      const subject = ['-subj', '/O=Thin Edge/CN=gw-from-certificate'];
      const args = [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        ...subject,
      ];
      execFileSync('openssl', [...args, '-keyout', key ?? '', '-out', certificate ?? ''], {
        stdio: 'ignore',
      });
    },
  });
  assert.deepEqual(config.cloud.credentials, { kind: 'thin-edge' });
  assert.equal(config.cloud.url, 'https://tunnels.example.com:8443');
  assert.equal(config.device.externalId, 'gw-from-certificate');
  assert.equal(sources['device.externalId'].kind, 'thin-edge');
});

test('auth_method auto takes the credentials file when there is one', (t) => {
  const toml = BASIC.replace('basic', 'auto');
  assert.equal(load(t, { toml }).config.cloud.credentials.kind, 'thin-edge');
  assert.equal(load(t, { toml, credentials: CREDENTIALS }).config.cloud.credentials.kind, 'basic');
});

test('a cloud profile has its own section', (t) => {
  const toml = `${BASIC}[c8y.profiles.two]\nurl = "two.example.com"\nbridge.topic_prefix = "c8y-two"\ndevice.id = "gw-two"\n`;
  const { config } = load(t, { toml, env: { TEDGE_CLOUD_PROFILE: 'two' } });
  assert.equal(config.cloud.url, 'https://two.example.com');
  assert.equal(config.thinEdge.topicPrefix, 'c8y-two');
  assert.equal(config.device.externalId, 'gw-two');
  assert.equal(config.cloud.credentials.kind, 'thin-edge');
  assert.match(problems(t, { toml, env: { TEDGE_CLOUD_PROFILE: 'three' } }), /"three" is no profile of/);
});

test('a broker with TLS and a login', (t) => {
  const { config, folder } = load(t, {
    toml: `${BASIC.replace('basic', 'certificate')}[mqtt.client]\nhost = "broker.plant.example"\nport = 8883\nauth.username = "gatehouse"\nauth.password_file = "mqtt-password"\nauth.ca_dir = "roots"\n`,
    prepare: (directory) => {
      mkdirSync(path.join(directory, 'roots'));
      writeFileSync(path.join(directory, 'mqtt-password'), 'canary-r\n', { mode: 0o600 });
    },
  });
  assert.equal(config.intake.mqttUrl, 'mqtts://broker.plant.example:8883');
  assert.equal(config.thinEdge.broker.user, 'gatehouse');
  assert.equal(config.thinEdge.broker.password?.reveal(), 'canary-r');
  assert.equal(config.thinEdge.configDirectory, folder);
});

test('a broker on another machine without TLS is refused, naming the key of thin-edge.io', (t) => {
  const toml = `${BASIC.replace('basic', 'certificate')}[mqtt.client]\nhost = "10.0.0.5"\nport = 1883\n`;
  assert.match(problems(t, { toml }), /tedge\.toml \(mqtt\.client\): intake\.mqttUrl .*unencrypted/);
});

test('no_proxy of thin-edge.io keeps its proxy away from the cloud', (t) => {
  const toml = `${BASIC.replace('basic', 'certificate')}[proxy]\naddress = "proxy:3128"\nno_proxy = "example.com"\n`;
  assert.equal(load(t, { toml }).config.cloud.proxy, undefined);
});

for (const [what, given, expected] of [
  ['no TOML', { toml: '[c8y]\nurl = hunter2-secret\n' }, /tedge\.toml: is not valid TOML in line 2/],
  [
    'a credentials file that everybody can read',
    { toml: BASIC, credentials: CREDENTIALS, prepare: open },
    /credentials\.toml: is a file that .*chmod 600/,
  ],
  [
    'a credentials file that is missing',
    { toml: BASIC },
    /credentials\.toml: does not exist \(c8y\.credentials_path/,
  ],
  [
    'a credentials file without a password',
    { toml: BASIC, credentials: '[c8y]\nusername = "x"\n' },
    /c8y\.username and c8y\.password/,
  ],
  ['no tedge.toml and nothing of ours', {}, /cloud\.url is missing/],
  [
    'a number for a url',
    { toml: '[c8y]\nurl = 5\n[device]\nid = 7\n' },
    /tedge\.toml \(device\.id\): device\.externalId/,
  ],
] as const) {
  test(`${what} is told with the file it is in, and nothing of its content`, (t) => {
    const text = problems(t, given);
    assert.match(text, expected);
    assert.doesNotMatch(text, /hunter2|canary/);
  });
}

test('another intake does not look at thin-edge.io', (t) => {
  const text = problems(t, { toml: '[c8y\n', yaml: '', env: { GATEHOUSE_INTAKE_KIND: 'rest' } });
  assert.doesNotMatch(text, /tedge\.toml/);
});

function open(folder: string): void {
  writeFileSync(path.join(folder, 'credentials.toml'), CREDENTIALS);
  execFileSync('chmod', ['644', path.join(folder, 'credentials.toml')]);
}

test('without root_cert_path the roots are those of the system, as for thin-edge.io', (t) => {
  const bundle = '/etc/ssl/certs/ca-certificates.crt';
  const loaded = load(t, { toml: BASIC, credentials: CREDENTIALS });
  if (!existsSync(bundle)) return assert.equal(loaded.config.cloud.ca, undefined);
  assert.equal(loaded.config.cloud.ca, readFileSync(bundle, 'utf8'));
  const shown = effectiveConfig(loaded.config, loaded.sources).find((line) =>
    line.startsWith('cloud.caFile'),
  );
  assert.match(shown ?? '', /tedge\.toml \(c8y\.root_cert_path, its default\)$/);
});
