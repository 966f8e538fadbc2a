import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { LoadReport } from './load-report.js';
import { reportPage } from './report-page.js';

/** Writes `<date>-<profile>-<sessions>.html` and `.json` into a folder, which is made when it is not there. */
export function writeReport(
  report: LoadReport,
  folder: string,
): { readonly html: string; readonly json: string } {
  mkdirSync(folder, { recursive: true });
  // 2026-03-04T05:06:07.089Z without what file systems dislike.
  const date = report.startedAt.slice(0, 19).replaceAll(':', '').replace('T', '-');
  const name = path.join(folder, `${date}-${report.profile}-${report.sessions}`);
  const files = { html: `${name}.html`, json: `${name}.json` };
  writeFileSync(files.json, `${JSON.stringify(report, undefined, 1)}\n`);
  writeFileSync(files.html, reportPage(report));
  return files;
}
