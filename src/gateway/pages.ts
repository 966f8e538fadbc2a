import { readFileSync } from 'node:fs';
import type { StaticPage } from '../admin/reply.js';

/** The dashboard's files, by the path they are served at; `npm run build` puts them beside the code. */
const FILES = [
  { path: '/', file: 'index.html', contentType: 'text/html; charset=utf-8' },
  { path: '/app.js', file: 'app.js', contentType: 'text/javascript; charset=utf-8' },
  { path: '/app.css', file: 'app.css', contentType: 'text/css; charset=utf-8' },
  { path: '/icon.svg', file: 'icon.svg', contentType: 'image/svg+xml' },
] as const;

/** Where they are, seen from dist/src/gateway. */
const FOLDER = new URL('../../web/', import.meta.url);

/**
 * The dashboard, read once: a fixed map, so no request names a file. Empty when one is missing, as after a bare `tsc`;
 * the admin listener then says how to build it.
 */
export function dashboardPages(folder: URL = FOLDER): ReadonlyMap<string, StaticPage> {
  try {
    const pages = FILES.map(({ path, file, contentType }): [string, StaticPage] => [
      path,
      { contentType, body: readFileSync(new URL(file, folder), 'utf8') },
    ]);
    return new Map(pages);
  } catch {
    return new Map();
  }
}
