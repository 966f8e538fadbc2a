import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { startCloud, type Cloud, type CloudOptions, type RegisteredDevice } from '../../simulator/cloud.js';
import type { Fix } from '../../src/cli/check/fault.js';
import { BOOTSTRAP } from '../../simulator/platform.js';
import { gatehouse } from './command.js';
import { quoted } from './terminal-screen.js';
import { MAIN } from './wizard-terminal.js';

/** Sections of a configuration, with the keys to change in them. */
export type Sections = Readonly<Record<string, Readonly<Record<string, unknown>> | readonly unknown[]>>;

/** A check as `--json` tells it. */
export interface Finding {
  readonly id: string;
  readonly status: 'ok' | 'failed' | 'skipped';
  readonly detail: string;
  readonly fault?: string;
  readonly fixes?: readonly Fix[];
}

/** What a run of `gatehouse check` found. */
export interface Diagnosis {
  readonly code: number | null;
  readonly checks: readonly Finding[];
  /** Those that failed; of an invalid configuration its problems. */
  readonly failed: readonly Pick<Finding, 'fault' | 'fixes'>[];
}

/** A gateway whose configuration works, with a cloud that knows it: ill only by what a test adds. */
export class Patient {
  private constructor(
    readonly cloud: Cloud,
    readonly device: RegisteredDevice,
    readonly folder: string,
  ) {}

  static async healthy(t: TestContext, options: CloudOptions = {}): Promise<Patient> {
    const cloud = await startCloud(options);
    t.after(() => cloud.stop());
    const fragments = { c8y_SupportedOperations: ['c8y_RemoteAccessConnect'] };
    const device = cloud.registerDevice('gw-7', { fragments });
    const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-doctor-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const patient = new Patient(cloud, device, folder);
    patient.configure();
    return patient;
  }

  get file(): string {
    return path.join(this.folder, 'gatehouse.yaml');
  }

  /** Writes a file beside the configuration and gives its path. */
  write(name: string, content: string): string {
    const file = path.join(this.folder, name);
    writeFileSync(file, content, { mode: 0o600 });
    return file;
  }

  /** Writes the configuration; what is given is merged into its sections, lists replace. */
  configure(changes: Sections = {}): void {
    const { tenant, user, password } = this.device;
    const sections: Record<string, Section> = {
      cloud: { url: this.cloud.url, tenant, user, password },
      device: { externalId: this.device.externalId },
      conduits: [{ name: 'all', host: '127.0.0.1', ports: ['*'] }],
      admin: { listen: 'off' },
    };
    for (const [name, values] of Object.entries(changes)) {
      const known = sections[name];
      sections[name] = isMapping(values) && isMapping(known) ? { ...known, ...values } : values;
    }
    writeFileSync(this.file, stringify(sections), { mode: 0o600 });
  }

  /** What `gatehouse check --json` says. */
  async examine(env: Readonly<Record<string, string>> = {}): Promise<Diagnosis> {
    const { code, stdout, stderr } = await gatehouse(['check', '--json'], { cwd: this.folder, env });
    assert.doesNotMatch(`${stdout}${stderr}`, new RegExp(this.device.password), 'no password is shown');
    const { checks = [], problems } = JSON.parse(stdout) as {
      checks?: Finding[];
      problems?: Pick<Finding, 'fault' | 'fixes'>[];
    };
    return { code, checks, failed: problems ?? checks.filter(({ status }) => status === 'failed') };
  }

  /** Fails unless exactly this fault is found and one of its fixes has these lines, which are then given back. */
  async suffersFrom(fault: string, paste: readonly (string | RegExp)[], code: number): Promise<Fix> {
    const diagnosis = await this.examine();
    assert.deepEqual(
      diagnosis.failed.map((each) => each.fault),
      [fault],
      JSON.stringify(diagnosis, null, 1),
    );
    assert.equal(diagnosis.code, code);
    const fixes = diagnosis.failed[0]?.fixes ?? [];
    const fix = fixes.find((each) => isPasted(each, paste));
    assert.ok(fix !== undefined, `${JSON.stringify(fixes, null, 1)} has no ${paste.map(String).join(' / ')}`);
    return fix;
  }

  /** Does what a fix says: changes the line or the file that it names, or runs its command. */
  async follow({ what, paste }: Fix): Promise<void> {
    const [, content] = /this is the content of (\S+)$/.exec(what) ?? [];
    if (content !== undefined) {
      writeFileSync(content, `${paste.join('\n')}\n`);
      return;
    }
    const [, line] = /this is \S+:(\d+)$/.exec(what) ?? [];
    const [, section] = /add this below `(\w+):`/.exec(what) ?? [];
    const text = readFileSync(this.file, 'utf8').split('\n');
    if (line !== undefined) {
      text.splice(Number(line) - 1, 1, ...paste);
    } else if (section !== undefined) {
      text.splice(text.indexOf(`${section}:`) + 1, 0, ...paste);
    } else {
      for (const command of paste) await this.run(command);
      return;
    }
    writeFileSync(this.file, text.join('\n'));
  }

  /** Runs a command in the folder of the configuration, with the `gatehouse` that was built in its PATH. */
  async run(command: string): Promise<void> {
    const bin = path.join(this.folder, 'bin');
    mkdirSync(bin, { recursive: true });
    const script = `#!/bin/sh\nexec ${quoted(process.execPath)} ${quoted(MAIN)} "$@"\n`;
    writeFileSync(path.join(bin, 'gatehouse'), script, { mode: 0o755 });
    const env = { PATH: `${bin}:${process.env.PATH ?? ''}`, C8Y_BOOTSTRAP_PASSWORD: BOOTSTRAP.password };
    await promisify(execFile)('sh', ['-c', command], { cwd: this.folder, env });
  }

  /** Fails unless everything is fine now. */
  async isHealthy(): Promise<void> {
    const { code, failed } = await this.examine();
    assert.deepEqual([code, failed], [0, []]);
  }
}

type Section = Readonly<Record<string, unknown>> | readonly unknown[] | undefined;

function isMapping(section: Section): section is Readonly<Record<string, unknown>> {
  return section !== undefined && !Array.isArray(section);
}

function isPasted({ paste }: Fix, expected: readonly (string | RegExp)[]): boolean {
  return (
    paste.length === expected.length &&
    expected.every((each, index) => {
      const line = paste[index] ?? '';
      return typeof each === 'string' ? line === each : each.test(line);
    })
  );
}
