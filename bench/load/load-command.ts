import { confirmRemote } from './confirmation.js';
import { runLoad } from './load-run.js';
import { startLocalRig } from './local-rig.js';
import { openFilesLimit } from './measure/process-usage.js';
import { openFilesProblem, type LocalOptions, type RemoteOptions } from './options.js';
import { Progress } from './progress.js';
import { startRemoteRig } from './remote-rig.js';
import { buildReport } from './report/build-report.js';
import type { LoadReport } from './report/load-report.js';
import { writeReport } from './report/write-report.js';
import type { Rig } from './rig.js';
import { summaryText } from './summary-text.js';
import type { ProcessIo } from '../../src/cli/process-io.js';

/** Exit codes of the generator. */
export const EXIT_CODE = { good: 0, bad: 1, usage: 2 } as const;

/** Above the length of a run, in ms, nothing may take longer than this: start, farewell and report. */
const OVERHEAD_MS = 60_000;

export interface LoadCommandOptions {
  readonly options: LocalOptions | RemoteOptions;
  /** For the report. */
  readonly command: string;
  /** For tests, and not to be had from the command line: this byte of what each target connection sends is changed. */
  readonly damagedOffset?: number;
}

/** How a run ended. */
export interface LoadResult {
  readonly exitCode: number;
  /** Absent when nothing could be measured. */
  readonly report?: LoadReport;
  readonly files?: { readonly html: string; readonly json: string };
}

/** One load from its options to its report. */
export class LoadCommand {
  readonly #options: LoadCommandOptions;
  readonly #io: ProcessIo;
  readonly #end = new AbortController();
  #lost: string | undefined;
  #wasInterrupted = false;

  constructor(options: LoadCommandOptions, io: ProcessIo) {
    this.#options = options;
    this.#io = io;
  }

  async run(): Promise<LoadResult> {
    const { options } = this.#options;
    const problem = openFilesProblem(options, openFilesLimit());
    if (problem !== undefined) return this.#say(problem, EXIT_CODE.usage);
    if (options.mode === 'remote' && !(await confirmRemote(options, this.#io))) {
      return this.#say('Nothing was dialled.', EXIT_CODE.usage);
    }
    this.#io.onInterrupt(() => {
      this.#wasInterrupted = true;
      this.#end.abort();
    });
    const overtime = setTimeout(
      () => this.#onLost(`The run took more than ${OVERHEAD_MS / 1_000} s longer than it should.`),
      options.minutes * 60_000 + OVERHEAD_MS,
    );
    try {
      return await this.#load();
    } catch (error) {
      return this.#say(this.#lost ?? (error instanceof Error ? error.message : String(error)), EXIT_CODE.bad);
    } finally {
      clearTimeout(overtime);
    }
  }

  async #load(): Promise<LoadResult> {
    const { options } = this.#options;
    const progress = new Progress(this.#io.stdout, this.#io.env, options.minutes);
    progress.doing('starting…');
    const rig = await this.#startRig();
    try {
      const onSecond = progress.show.bind(progress);
      const measured = await runLoad({ options, rig, signal: this.#end.signal, onSecond });
      if (this.#lost !== undefined) throw new Error(this.#lost);
      progress.doing('ending…');
      const warnings = rig.local?.agent.warnings() ?? [];
      const { command } = this.#options;
      const report = buildReport({ options, measured, command, warnings });
      const files = writeReport(report, options.out);
      progress.say(summaryText(report));
      progress.say(`  report       ${files.html}`);
      return { exitCode: report.isGood ? EXIT_CODE.good : EXIT_CODE.bad, report, files };
    } finally {
      progress.doing('ending…');
      await rig.stop();
      progress.clear();
    }
  }

  #startRig(): Promise<Rig> {
    const { options, damagedOffset } = this.#options;
    const onLost = (sentence: string): void => this.#onLost(sentence);
    if (options.mode === 'remote') return startRemoteRig({ options, env: this.#io.env, onLost });
    return startLocalRig({ options, damagedOffset, onLost });
  }

  /** A process is gone: what is left is ended, and there is no report. */
  #onLost(sentence: string): void {
    if (this.#wasInterrupted) return;
    this.#lost ??= sentence;
    this.#end.abort();
  }

  #say(sentence: string, exitCode: number): LoadResult {
    this.#io.stderr.write(`${sentence}\n`);
    return { exitCode };
  }
}
