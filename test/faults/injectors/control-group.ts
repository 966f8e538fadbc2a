import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Where version 1 of the controllers is mounted. */
const ROOT = '/sys/fs/cgroup';

/** A control group (version 1) of its own for an agent. */
export class ControlGroup {
  private constructor(private readonly folder: string) {}

  static isThere(controller: 'memory' | 'freezer'): boolean {
    return existsSync(path.join(ROOT, controller, 'cgroup.procs'));
  }

  /** @throws Error where the controller is not mounted, or may not be used. */
  static make(controller: 'memory' | 'freezer'): ControlGroup {
    const folder = path.join(ROOT, controller, `gatehouse-fault-${process.pid}`);
    mkdirSync(folder);
    return new ControlGroup(folder);
  }

  /** Put before an agent: it starts inside. */
  get prefix(): readonly string[] {
    return ['sh', '-c', `echo $$ > ${this.folder}/cgroup.procs && exec "$@"`, 'sh'];
  }

  add(pids: readonly number[]): void {
    for (const pid of pids) this.set('cgroup.procs', String(pid));
  }

  set(file: string, value: string): void {
    writeFileSync(path.join(this.folder, file), value);
  }

  read(file: string): string {
    return readFileSync(path.join(this.folder, file), 'utf8');
  }

  /** For a group whose processes have ended. */
  remove(): void {
    rmdirSync(this.folder);
  }
}
