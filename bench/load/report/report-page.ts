import type { LoadReport } from './load-report.js';
export function reportPage(report: LoadReport): string { return JSON.stringify(report); }
