import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { DiskJournal, type JournalOptions } from '../../../src/journal/journal.js';
import type { StatusUpdate } from '../../../src/cloud/intake.js';

/** A state directory that goes with the test. */
export function stateDirectory(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return path.join(folder, 'state');
}

/** A journal whose log lines are kept. */
export function journalIn(directory: string, options: Partial<JournalOptions> = {}) {
  const lines: string[] = [];
  const keep = (level: string) => (fields: object, message: string) =>
    void lines.push(`${level}: ${message} ${JSON.stringify(fields)}`);
  const log = { info: keep('info'), warn: keep('warn'), error: keep('error') };
  const now = () => Date.now();
  const journal = new DiskJournal({ directory, generation: 1, elders: [], log, now, ...options });
  return { journal, lines };
}

export const claimOf = (operationId: string) => ({
  operationId,
  deviceId: '4',
  keyHash: `hash-${operationId}`,
});

export const successful = (operationId: string): StatusUpdate => ({
  operationId,
  deviceId: '4',
  status: 'SUCCESSFUL',
});

/** The journal files and damaged files of a directory. */
export function filesIn(directory: string): string[] {
  return readdirSync(directory).sort();
}

/** A state directory on a file system of its own of this size; undefined when the user may not mount one. */
export function smallDisk(t: TestContext, bytes: number): string | undefined {
  const directory = mkdtempSync(path.join(tmpdir(), 'gatehouse-test-'));
  const options = ['-t', 'tmpfs', '-o', `size=${bytes},mode=0700`, 'tmpfs', directory];
  const isMounted = spawnSync('mount', options, { stdio: 'ignore' }).status === 0;
  t.after(() => {
    if (isMounted) execFileSync('umount', ['-l', directory]);
    rmSync(directory, { recursive: true, force: true });
  });
  return isMounted ? directory : undefined;
}
