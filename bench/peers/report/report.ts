import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { RunRecord, Row } from '../outcome.js';
import { allowedCores, congestionControl } from '../linux/machine.js';
import { isInside } from '../linux/namespace.js';
import type { Workload } from '../workload.js';
import { page } from './page.js';

/** What was measured, with what, and where; the JSON file holds it as it is. */
export interface Report {
  /** Of this shape. */
  readonly format: 1;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly machine: Machine;
  readonly options: ReportOptions;
  readonly peers: readonly {
    readonly name: string;
    readonly about: string;
    readonly version: string;
    readonly remark?: string;
  }[];
  /** Peers that are not in the tables, and why. */
  readonly absent: readonly { readonly name: string; readonly why: string }[];
  readonly tables: readonly { readonly workload: Workload; readonly rows: readonly Row[] }[];
  readonly runs: readonly RunRecord[];
}

export interface ReportOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly sessions: number;
  readonly tls: boolean;
  readonly baseline: string;
}

export interface Machine {
  readonly name: string;
  readonly cpu: string;
  /** Cores that the bench may use. */
  readonly cores: number;
  readonly kernel: string;
  readonly node: string;
  /** Measured in a network namespace that has nothing but loopback. */
  readonly isNamespace: boolean;
  readonly congestionControl: string;
}

export function thisMachine(): Machine {
  return {
    name: os.hostname().replaceAll(/[^A-Za-z0-9-]/g, '-'),
    cpu: os.cpus()[0]?.model ?? 'unknown processor',
    cores: allowedCores().length,
    kernel: os.release(),
    node: process.version,
    isNamespace: isInside(),
    congestionControl: congestionControl(),
  };
}

/** Writes `<date>-<machine>.json` and `.html` into a folder, and gives the two paths. */
export function saveReport(report: Report, folder: string): readonly [string, string] {
  mkdirSync(folder, { recursive: true });
  const date = report.startedAt.slice(0, 16).replaceAll(':', '');
  const stem = path.join(folder, `${date}-${report.machine.name}${report.options.tls ? '-tls' : ''}`);
  const files = [`${stem}.json`, `${stem}.html`] as const;
  writeFileSync(files[0], `${JSON.stringify(report, null, 1)}\n`);
  writeFileSync(files[1], page(report));
  return files;
}
