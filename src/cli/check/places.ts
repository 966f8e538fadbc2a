import { mkdtemp, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';

/**
 * Whether this user can make `directory`, in the closest folder above that is there. It is tried with a folder of another
 * name that is gone at once: root may write into /proc by its mode, and still nothing can be made there.
 */
export async function canMake(directory: string): Promise<boolean> {
  try {
    await rmdir(await mkdtemp(path.join(await nearest(directory), '.gatehouse-check-')));
    return true;
  } catch {
    return false;
  }
}

/** The closest folder above that is there. */
async function nearest(directory: string): Promise<string> {
  const parent = path.dirname(directory);
  if (parent === directory) return directory;
  const isThere = await stat(parent).then(
    () => true,
    () => false,
  );
  return isThere ? parent : nearest(parent);
}
