import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from '../../helpers/eventually.js';
import { SEARCH_PATH } from './command.js';

/** strace on a process that runs already: its system calls fail from attach() to detach(). */
export class Tracer {
  private constructor(private readonly child: ChildProcess) {}

  /** @param rules as for `injected`: `connect:error=ENOBUFS`. All threads of `pids` are traced, and what they start from then on:
   * an agent is several processes (`agent.pids`). */
  static async attach(pids: number | readonly number[], ...rules: readonly string[]): Promise<Tracer> {
    const calls = rules.map((rule) => rule.split(':')[0] ?? '').join(',');
    const inject = rules.flatMap((rule) => ['-e', `inject=${rule}`]);
    const child = spawn(
      'strace',
      ['-f', ...[pids].flat().flatMap((pid) => ['-p', String(pid)]), '-e', `trace=${calls}`, ...inject],
      {
        env: { PATH: SEARCH_PATH },
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString('latin1')).slice(-20_000)));
    await eventually(() => said.includes(' attached') || undefined, 'strace to attach');
    return new Tracer(child);
  }

  /** The process goes on untouched. */
  async detach(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGINT');
    await gone;
  }
}
