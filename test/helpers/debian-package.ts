import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runProgram } from './programs.js';
import { temporaryFolder } from './temporary-folder.js';

const BUILD = fileURLToPath(new URL('../../../deploy/debian/build-package', import.meta.url));

/** A folder that everybody may look into, for `/shared` of a machine. */
export function sharedFolder(t: TestContext): string {
  const folder = temporaryFolder(t);
  chmodSync(folder, 0o755);
  return folder;
}

/** Builds the package of what is built already. Gives the name of its file. */
export async function buildPackage(into: string, version: string): Promise<string> {
  const env = {
    GATEHOUSE_PACKAGE_BUILT: '1',
    GATEHOUSE_PACKAGE_VERSION: version,
    HOME: process.env.HOME ?? '/',
  };
  const { code, stdout, stderr } = await runProgram('bash', [BUILD, into], env);
  assert.equal(code, 0, stderr);
  return path.basename(stdout.trim());
}
