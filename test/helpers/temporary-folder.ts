import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';

/** An empty folder, until the end of the test; if somebody still writes there, until the end of the process. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-test-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  t.after(() => {
    try {
      remove();
    } catch {
      // An agent of this test that ends only after this.
      process.once('exit', remove);
    }
  });
  return folder;
}
