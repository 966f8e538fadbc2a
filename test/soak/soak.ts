import { setTimeout as pause } from 'node:timers/promises';
import type { Tunnel } from '../../src/cli/connect/tunnel.js';
import { AgentProcess } from '../helpers/agent-process.js';
import { randomNumbers } from '../helpers/seeded-bytes.js';
import { Disturber, type Disturbance } from './disturbances.js';
import type { SoakOptions } from './options.js';
import { SESSION_FAULTS, planOf, type SessionFault } from './plan.js';
import { Sampler, type Sample, type Slopes } from './sampler.js';
import { SessionRun, type SessionResult } from './session-run.js';
import { SoakTarget } from './target.js';

/** Longest pause between two sessions of one place, in ms: churn. */
const MAX_PAUSE_MS = 500;

/** Longest wait for the agent to have let go of everything after the last session, in ms. */
const SETTLE_MS = 20_000;

/** How long a session that is over is remembered for connections that come late, in ms. */
const FORGET_MS = 60_000;

/** Faults that are told one by one; more of them say nothing more. */
const MAX_TOLD = 20;

/** Descriptors that may be left beside those of the start: connections that the agent keeps to the cloud. */
const SPARE_DESCRIPTORS = 40;

/** What a run has shown. */
export interface SoakResult {
  readonly minutes: number;
  readonly sessions: number;
  readonly whole: number;
  readonly bytesVerified: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly lostToFaults: number;
  readonly wrong: readonly string[];
  readonly crossed: number;
  /** What nothing explains, a sentence each. */
  readonly unexplained: readonly string[];
  readonly slopes: Slopes;
  readonly first: Sample;
  readonly last: Sample;
  readonly most: { readonly rssBytes: number; readonly descriptors: number };
  readonly verdict: 'passed' | 'failed';
}

/** One run from start to end. `onProgress` gets a line now and then. */
export class Soak {
  readonly #runs = new Map<number, SessionRun>();
  readonly #wrong: string[] = [];
  readonly #unexplained: string[] = [];
  readonly #sessionFaults: Partial<Record<SessionFault, number>> = {};
  #sessions = 0;
  #opened = 0;
  #whole = 0;
  #bytes = 0;
  #crossed = 0;
  #lost = 0;
  #isOver = false;

  constructor(
    private readonly options: SoakOptions,
    private readonly onProgress: (line: string) => void,
  ) {}

  async run(): Promise<SoakResult> {
    const { sessions, isolation, minutes, seed } = this.options;
    const startMs = performance.now();
    const now = (): number => performance.now() - startMs;
    const agent = await AgentProcess.start({
      sections: { workers: { count: 2, isolation }, limits: { sessionsPerTarget: 10_000 } },
    });
    const sampler = new Sampler(agent.command.pid, agent.adminUrl, now);
    const disturber = new Disturber(agent, randomNumbers(`${seed} disturbances`), now);
    const target = await SoakTarget.listen(this.#runs, randomNumbers(`${seed} target`));
    const endpointId = agent.endpoint(target);
    try {
      const first = await sampler.take();
      sampler.start();
      disturber.start();
      const progress = setInterval(() => this.onProgress(this.#progress(now(), target.open)), 15_000);
      const places = Array.from({ length: sessions }, () => this.#place(agent, endpointId, disturber, now));
      await pause(minutes * 60_000);
      this.#isOver = true;
      disturber.stop();
      await Promise.all(places);
      clearInterval(progress);
      await this.#settled(agent, first);
      sampler.stop();
      const last = await sampler.take();
      this.#unexplained.push(...target.strangers);
      if (last.descriptors > first.descriptors + SPARE_DESCRIPTORS) {
        this.#unexplained.push(
          `${last.descriptors} descriptors at the end, ${first.descriptors} at the start`,
        );
      }
      await this.#end(agent);
      return this.#result(sampler, first, last, disturber.counts, now());
    } finally {
      this.#isOver = true;
      disturber.stop();
      sampler.stop();
      target.close();
      await this.#searched(agent);
    }
  }

  /** One session after the other, until the run is over. */
  async #place(
    agent: AgentProcess,
    endpointId: string,
    disturber: Disturber,
    now: () => number,
  ): Promise<void> {
    while (!this.#isOver) {
      const session = (this.#sessions += 1);
      const random = randomNumbers(`${this.options.seed} ${session}`);
      const run = new SessionRun(planOf(session, random), random);
      const sinceMs = now();
      const tunnel = await this.#open(agent, endpointId, () => disturber.mayHaveEnded(sinceMs));
      if (tunnel !== undefined) {
        this.#runs.set(session, run);
        const result = await run.run(tunnel);
        // The target may be reached only now, when the operator is gone already.
        setTimeout(() => this.#runs.delete(session), FORGET_MS).unref();
        const about = result.missing === undefined ? '' : failuresSince(agent, sinceMs - now());
        this.#count(result, disturber.mayHaveEnded(sinceMs), about);
      }
      await pause(random() * MAX_PAUSE_MS);
    }
  }

  async #open(
    agent: AgentProcess,
    endpointId: string,
    isExcused: () => boolean,
  ): Promise<Tunnel | undefined> {
    try {
      const tunnel = await agent.operator.openTunnel(agent.device.id, endpointId);
      this.#opened += 1;
      return tunnel;
    } catch (error) {
      if (isExcused()) this.#lost += 1;
      else
        this.#unexplained.push(
          `a session did not open: ${error instanceof Error ? error.message : String(error)}`,
        );
      return undefined;
    }
  }

  #count({ plan, bytes, wrong, isCrossed, missing }: SessionResult, isExcused: boolean, about: string): void {
    this.#bytes += bytes;
    this.#sessionFaults[plan.fault] = (this.#sessionFaults[plan.fault] ?? 0) + 1;
    this.#wrong.push(...wrong);
    if (isCrossed) this.#crossed += 1;
    if (missing === undefined) {
      const { uplink, downlink } = SESSION_FAULTS[plan.fault];
      if (uplink === 'all' && downlink === 'all') this.#whole += 1;
    } else if (isExcused) this.#lost += 1;
    else this.#unexplained.push(`${missing}${about}`);
  }

  /** Waits until the agent has closed what the last sessions had open; where it does not, the samples tell. */
  async #settled(agent: AgentProcess, first: Sample): Promise<void> {
    const sampler = new Sampler(agent.command.pid, agent.adminUrl, () => 0);
    for (let waitedMs = 0; waitedMs < SETTLE_MS; waitedMs += 500) {
      if ((await sampler.take()).descriptors <= first.descriptors + SPARE_DESCRIPTORS / 4) return;
      await pause(500);
    }
  }

  async #end({ command }: AgentProcess): Promise<void> {
    if (command.hasEnded) this.#unexplained.push('the agent had ended by itself');
    command.kill('SIGTERM');
    const { code } = await command.ended();
    if (code !== 0) this.#unexplained.push(`the agent ended with exit code ${String(code)}`);
  }

  /** The end of the agent's process helper: it searches what is left for secrets. */
  async #searched(agent: AgentProcess): Promise<void> {
    try {
      await agent.stop();
    } catch (error) {
      this.#unexplained.push(error instanceof Error ? error.message : String(error));
    }
  }

  #progress(atMs: number, open: number): string {
    const { minutes } = this.options;
    const mib = Math.round(this.#bytes / 1_048_576);
    const bad = this.#wrong.length + this.#unexplained.length;
    return `${(atMs / 60_000).toFixed(1)} of ${minutes} min: ${this.#opened} sessions (${open} open), ${mib} MiB, ${bad} faults`;
  }

  #result(
    sampler: Sampler,
    first: Sample,
    last: Sample,
    disturbances: Readonly<Record<Disturbance, number>>,
    atMs: number,
  ): SoakResult {
    const wrong = this.#wrong;
    const unexplained = this.#unexplained;
    const faults = Object.fromEntries(
      Object.entries(this.#sessionFaults).filter(([fault]) => fault !== 'none'),
    );
    return {
      minutes: Math.round(atMs / 600) / 100,
      sessions: this.#opened,
      whole: this.#whole,
      bytesVerified: this.#bytes,
      faults: { ...faults, ...disturbances },
      lostToFaults: this.#lost,
      wrong: wrong.slice(0, MAX_TOLD),
      crossed: this.#crossed,
      unexplained: unexplained.slice(0, MAX_TOLD),
      slopes: sampler.slopes(),
      first,
      last,
      most: {
        rssBytes: Math.max(...sampler.samples.map(({ rssBytes }) => rssBytes)),
        descriptors: Math.max(...sampler.samples.map(({ descriptors }) => descriptors)),
      },
      verdict: wrong.length === 0 && unexplained.length === 0 && this.#whole > 0 ? 'passed' : 'failed',
    };
  }
}

/** What the agent said about operations of the last `-agoMs` ms that came to nothing: one of them is the session's. */
function failuresSince(agent: AgentProcess, agoMs: number): string {
  const sinceMs = Date.now() + agoMs;
  const failed = agent
    .operations()
    .filter(({ status, creationTime }) => status !== 'SUCCESSFUL' && Date.parse(creationTime) >= sinceMs)
    .map(({ id, status, failureReason = '' }) => `${id} ${status} ${failureReason}`);
  return failed.length === 0 ? '' : `; operations since: ${failed.slice(0, MAX_TOLD).join(' | ')}`;
}
