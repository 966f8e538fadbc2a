import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { AuditLog, type AuditLogOptions } from '../../../src/audit/audit-log.js';
import type { DecisionFact, EndFact, OpenFact, StartFact } from '../../../src/audit/fact.js';
import { verifyFiles } from '../../../src/audit/verified-files.js';
import type { Anchor, Verdict } from '../../../src/audit/verification.js';

/** A folder of its own until the end of the test. */
export function folderFor(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-audit-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A log in that folder, closed at the end of the test, with what it said. */
export function logIn(t: TestContext, folder: string, options: Partial<AuditLogOptions> = {}) {
  const said: string[] = [];
  const keep = (fields: object, message: string): void =>
    void said.push(`${message} ${JSON.stringify(fields)}`);
  const file = path.join(folder, 'audit.log');
  const log = new AuditLog({
    path: file,
    stateDirectory: folder,
    log: { info: keep, warn: keep, error: keep },
    now: () => Date.now(),
    ...options,
  });
  t.after(() => log.close());
  return { log, file, said };
}

export const start = (generation = 1, elders: readonly number[] = []): StartFact => ({
  type: 'start',
  version: '0.0.0',
  generation,
  elders,
  config: 'c'.repeat(64),
  gateway: 'gw-7',
  skewMs: null,
});

export const allowed = (operation: string, generation = 1): DecisionFact => ({
  type: 'decision',
  verdict: 'allowed',
  operation,
  device: '4',
  session: `s${operation}`,
  host: 'plc-1',
  port: 22,
  generation,
  conduit: { name: 'plc', file: 'gatehouse.yaml', line: 12 },
  addresses: ['10.0.5.7'],
});

export const opened = (operation: string, generation = 1): OpenFact => ({
  type: 'open',
  operation,
  device: '4',
  session: `s${operation}`,
  host: 'plc-1',
  port: 22,
  generation,
  conduit: 'plc',
  setupMs: 12,
});

export const ended = (operation: string, generation = 1): EndFact => ({
  type: 'end',
  operation,
  device: '4',
  session: `s${operation}`,
  host: 'plc-1',
  port: 22,
  generation,
  conduit: { name: 'plc', file: 'gatehouse.yaml', line: 12 },
  outcome: 'ended',
  reason: 'target-fin',
  detail: 'the target closed',
  openedAt: '2026-11-22T10:00:00.000Z',
  endedAt: '2026-11-22T10:01:00.000Z',
  durationMs: 60_000,
  uplinkBytes: 10,
  downlinkBytes: 20,
});

/** Records of a file, without what only chains them. */
export function recordsIn(file: string): Record<string, unknown>[] {
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

export function verdictOf(files: readonly string[], anchors: readonly Anchor[] = []): Promise<Verdict> {
  return verifyFiles({ files, anchors });
}

/** The verdict on these bytes. */
export function verdictOn(
  folder: string,
  bytes: Uint8Array,
  anchors: readonly Anchor[] = [],
): Promise<Verdict> {
  const file = path.join(folder, 'candidate.log');
  writeFileSync(file, bytes);
  return verdictOf([file], anchors);
}
