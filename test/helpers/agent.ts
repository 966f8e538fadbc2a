import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { loadConfig } from '../../src/config/load.js';
import { Gateway, type GatewayOptions } from '../../src/gateway.js';
import { createLog } from '../../src/log/log.js';
import { Redactor } from '../../src/log/redaction.js';
import { registerSecrets } from '../../src/log/secrets.js';
import { assertNoLeak, secretsIn } from './leak-check.js';
import { adminAnswers, fileTraces } from './traces.js';

/** One more agent, or one that a test starts when it likes, beside or without a World. */
export interface Agent {
  readonly gateway: Gateway;
  /** Port of its admin listener; 0 when that is off. */
  readonly adminPort: number;
  readonly log: readonly string[];
  stop(): Promise<void>;
}

/** Starts an agent with this configuration: a document, or the path of a file. Resolves when it works, link or not. */
export async function startAgent(
  configuration: object | string,
  options: { readonly timing?: GatewayOptions['timing']; readonly version?: string } = {},
): Promise<Agent> {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-test-'));
  const file = typeof configuration === 'string' ? configuration : path.join(folder, 'gatehouse.yaml');
  if (typeof configuration !== 'string') writeFileSync(file, stringify(configuration), { mode: 0o600 });
  const { config } = loadConfig({ file, env: {}, cwd: folder });
  const redactor = new Redactor();
  registerSecrets(redactor, config);
  const lines: string[] = [];
  const take = (bytes: Buffer): number => lines.push(bytes.toString('utf8')) && bytes.length;
  const destination = {
    write: (bytes: Buffer, done: (error: Error | null, written: number) => void) =>
      setImmediate(() => done(null, take(bytes))),
    writeSync: take,
  };
  const { log } = createLog({ ...config.log, level: 'debug', redactor, destination });
  const onFatal = (error: Error): void => assert.fail(error);
  const { timing, version = '0.0.0-test' } = options;
  const gateway = new Gateway({ config, version, log, redactor, onFatal, timing });
  const address = await gateway.start();
  const adminPort = address !== undefined && 'port' in address ? address.port : 0;
  const secrets = secretsIn(parse(readFileSync(file, 'utf8')));
  const stop = async (): Promise<void> => {
    const answers =
      adminPort === 0
        ? undefined
        : await adminAnswers(`http://127.0.0.1:${adminPort}`, secrets['admin.token']);
    await gateway.stop();
    const files = fileTraces(folder, new Set([file]));
    rmSync(folder, { recursive: true, force: true });
    const log = new Map(lines.map((line, index) => [`chunk ${index} of the log`, line]));
    assertNoLeak({ secrets, operations: [] }, log, files, answers ?? new Map<string, string>());
  };
  return {
    gateway,
    adminPort,
    log: lines,
    stop,
  };
}
