import { pathToFileURL } from 'node:url';
import type { Row } from '../row.js';

/** The rows of a module that exports CATALOGUE; of the real one when `file` is not given. */
export async function loadCatalogue(file: string | undefined): Promise<readonly Row[]> {
  if (file === undefined) return (await import('../catalogue/index.js')).CATALOGUE;
  const module = (await import(pathToFileURL(file).href)) as { readonly CATALOGUE: readonly Row[] };
  return module.CATALOGUE;
}
