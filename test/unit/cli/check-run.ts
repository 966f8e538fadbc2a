import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import type { TestContext } from 'node:test';
import { check } from '../../../src/cli/check.js';
import type { CheckOptions } from '../../../src/cli/check.js';
import { loadConfig, type LoadedConfig } from '../../../src/config/load.js';
import { startCloud } from './check-cloud.js';
import type { CloudOptions, Listening } from './check-cloud.js';

/** Holds the files of these tests until they are over. */
export const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-check-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** What a run of `check` left behind. */
export interface Run {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

let files = 0;

/** Runs `check` on a configuration; no secret of it may be printed. */
export async function run(config: unknown, options: CheckOptions = {}, isTTY = false): Promise<Run> {
  const file = path.join(folder, `${files++}.yaml`);
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  const written = { stdout: '', stderr: '' };
  const exitCode = await check(
    { file, ...options },
    {
      stdout: { write: (text) => (written.stdout += text), isTTY },
      stderr: { write: (text) => (written.stderr += text) },
      env: {},
      cwd: folder,
    },
  );
  assert.doesNotMatch(written.stdout + written.stderr, /canary|Y2FuYXJ5/);
  return { exitCode, ...written };
}

/** What a test adds to the configuration. */
export interface ConfigParts {
  readonly cloud?: Record<string, unknown>;
  readonly intake?: Record<string, unknown>;
  readonly conduits?: unknown;
}

/** A configuration that fits the cloud of the tests. */
export function configFor(url: string, { cloud, ...rest }: ConfigParts = {}): unknown {
  return {
    cloud: { url, tenant: 't1', user: 'gw', password: 'canary-secret', ...cloud },
    device: { externalId: 'gw-7' },
    conduits: [{ name: 'all', host: '127.0.0.0/8', ports: ['*'] }],
    // What is on this machine does not matter here.
    admin: { listen: 'off' },
    state: { directory: 'off' },
    ...rest,
  };
}

/** The configuration as the loader gives it. */
export function loaded(parts: ConfigParts): LoadedConfig {
  const file = path.join(folder, `${files++}.yaml`);
  writeFileSync(file, JSON.stringify(configFor('http://127.0.0.1:1', parts)), { mode: 0o600 });
  return loadConfig({ file, env: {}, cwd: folder });
}

/** Closes it at the end of the test. */
export async function open(t: TestContext, starting: Promise<Listening>): Promise<Listening> {
  const listening = await starting;
  t.after(() => listening.close());
  return listening;
}

/** A cloud that is closed at the end of the test. */
export async function cloud(
  t: TestContext,
  options: CloudOptions = {},
): Promise<Listening & { readonly url: string }> {
  const listening = await open(t, startCloud(options));
  return {
    ...listening,
    url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${listening.port}`,
  };
}

/** Each pattern is found in what the run printed. */
export function assertLines({ stdout, stderr }: Run, ...patterns: readonly RegExp[]): void {
  for (const pattern of patterns) assert.match(stdout, pattern, stderr);
}
