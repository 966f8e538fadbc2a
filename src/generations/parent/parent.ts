import { EXIT } from '../../exit-codes.js';
import type { AdminPlace, HandOver, Note } from '../messages.js';
import { CrashLimit } from './crash-limit.js';
import { Fleet } from './fleet.js';
import type { GenerationEnd, GenerationProcess } from './generation-process.js';
import { launch, type Launch, type LaunchFailure, type Place } from './launch.js';
import { MAX_GENERATIONS, MAX_PROCESSES, PARENT_TIMING, type ParentTiming } from './timing.js';

export interface ParentOptions {
  /** The file that hosts a generation; asked at every start of one. */
  readonly entry: () => string;
  /** Its command line. */
  readonly args: readonly string[];
  /** Locks the state directory and gives the first number to use with it, unless it is in use or no good. */
  readonly claimState: (stateDirectory: string | null) => Promise<number | LaunchFailure>;
  /** Why the first generation could not start. */
  readonly complain: (text: string) => void;
  /** The agent is in charge for the first time. */
  readonly onReady?: () => void;
  /** The generation in charge has got, or lost, its link to the cloud. */
  readonly onLink?: () => void;
  /** It begins to end. */
  readonly onEnding?: () => void;
  /** Monotonic, in ms. */
  readonly now: () => number;
  /** Replaces some of the waits; for tests. */
  readonly timing?: Partial<ParentTiming>;
}

const NOTHING: HandOver = { remembered: [], guests: [] };

/** Lines for the log that wait for a generation to write them. */
const MAX_NOTES = 100;

/**
 * Keeps one generation in charge, and hands over from one to the next:
 *
 *     N    in charge ......... release -> released . retire -> sessions to their end -> gone
 *     N+1       fork -> loaded -> ready              take-over -> in charge ...
 *
 * Until `release` everything that fails leaves N as it was; after it, N takes control back when N+1 fails.
 */
export class Parent {
  readonly #options: ParentOptions;
  readonly #timing: ParentTiming;
  readonly #fleet: Fleet;
  readonly #limit: CrashLimit;
  readonly #exit: Promise<number>;
  #resolve: (exitCode: number) => void = () => undefined;
  #mode: 'running' | 'draining' | 'stopping' = 'running';
  #exitCode: number = EXIT.done;
  /** Also until the first generation is in charge: one that cannot start is not replaced. */
  #isWorking = true;
  #reloadWanted = false;
  #waitMs = 0;
  /** The one that is asked to take control back when the one in charge dies young. */
  #previous: GenerationProcess | undefined;
  #takesBack = false;
  #isLinkUp = false;
  #admin: AdminPlace | undefined;
  /** The one that was released last has not said so. */
  #isOverdue = false;
  /** When the control connection was given up, until the next one has it. */
  #releasedAtMs: number | undefined;
  #notes: Note[] = [];
  #lastGeneration = 0;
  /** Generations that had control, and have ended since the last take-over. */
  #ended: number[] = [];
  #state: { readonly directory: string | null } | undefined;
  #wake: () => void = () => undefined;

  constructor(options: ParentOptions) {
    this.#options = options;
    this.#timing = { ...PARENT_TIMING, ...options.timing };
    this.#limit = new CrashLimit(this.#timing.backoffMs);
    this.#fleet = new Fleet(options, {
      onLink: (from, connected) => this.#onLink(from, connected),
      onDrainAsked: () => this.drain(),
      onEnd: (from, end, wasInCharge) => this.#onEnd(from, end, wasInCharge),
    });
    this.#exit = new Promise((resolve) => (this.#resolve = resolve));
  }

  /** From the first generation to the end of the last one. Gives the exit code. */
  async run(): Promise<number> {
    const first = await this.#launch(false);
    if (first.kind === 'failed') return this.#onFirstFailed(first);
    const isInCharge = await this.#takeOver(first.process, NOTHING);
    if (!isInCharge && this.#mode === 'running') {
      first.process.kill();
      const { failure, exitCode } = first.process;
      return failure === undefined ? (exitCode ?? EXIT.failed) : this.#onFirstFailed(failure);
    }
    this.#options.onReady?.();
    this.#isWorking = false;
    void this.#work();
    return this.#exit;
  }

  /** Starts a new generation, with the configuration and the program as they are on disk now, and hands over to it. */
  reload(): void {
    this.#reloadWanted = true;
    void this.#work();
  }

  /** No generation takes on anything more; `run` resolves when the last session has ended. Twice is harmless. */
  drain(): void {
    if (!this.#isRunning()) return;
    this.#mode = 'draining';
    this.#windDown('drain');
  }

  /** Ends all generations cleanly; `run` resolves when they are gone. */
  stop(): void {
    this.#mode = 'stopping';
    this.#windDown('stop');
    setTimeout(() => this.kill(), this.#timing.stopMs).unref();
  }

  /** Ends all generations at once. */
  kill(): void {
    for (const process of this.#fleet.all()) process.kill();
  }

  /** What the generation in charge says of itself: `nobody` while there is none, undefined when it says nothing. */
  examine(limitMs: number): Promise<unknown> {
    return this.#fleet.examine(limitMs);
  }

  #windDown(kind: 'drain' | 'stop'): void {
    if (kind === 'stop') this.#options.onEnding?.();
    this.#wake();
    for (const process of this.#fleet.all()) {
      const wasInCharge = process === this.#fleet.inCharge || process.inChargeSinceMs !== undefined;
      if (wasInCharge) process.send({ kind });
      else process.kill();
    }
    this.#endIfEmpty();
  }

  /** One change at a time: a generation in charge comes first, then what was asked for. */
  async #work(): Promise<void> {
    if (this.#isWorking) return;
    this.#isWorking = true;
    while (this.#isRunning()) {
      if (this.#fleet.inCharge === undefined) await this.#replace();
      else if (this.#reloadWanted && this.#fleet.size < MAX_PROCESSES) await this.#renew();
      else break;
    }
    this.#isWorking = false;
  }

  /** Nobody is in charge: the one before takes control back, or a new one is started. */
  async #replace(): Promise<void> {
    const previous = this.#previous;
    if (this.#takesBack && previous?.hasEnded === false) {
      this.#takesBack = false;
      this.#note('warn', 'the generation before takes control back', { generation: previous.generation });
      if (await this.#takeOver(previous, NOTHING)) return;
    }
    this.#takesBack = false;
    if (this.#waitMs > 0) await this.#pause(this.#waitMs);
    if (!this.#isRunning()) return;
    this.#reloadWanted = false;
    const launched = await this.#launch(false);
    if (launched.kind === 'ready') {
      if (await this.#takeOver(launched.process, NOTHING)) {
        this.#retireElders();
        return;
      }
      launched.process.kill();
    }
    if (!this.#isRunning()) return;
    const causes = launched.kind === 'failed' ? launched.sentences : ['It could not take over.'];
    const wait = this.#limit.died(launched.kind === 'failed' ? undefined : 0, this.#options.now());
    this.#note('error', 'a new generation could not get ready', { causes });
    if (wait === 'give-up') {
      this.#giveUp(causes);
      return;
    }
    this.#waitMs = wait;
  }

  /** A reload. Whatever fails leaves the generation in charge, or gives control back to it. */
  async #renew(): Promise<void> {
    this.#reloadWanted = false;
    const launched = await this.#launch(this.#isLinkUp);
    if (!this.#isRunning()) return;
    if (launched.kind === 'failed') {
      this.#noteFailedReload(launched);
      return;
    }
    const old = this.#fleet.inCharge;
    const handOver = old === undefined ? NOTHING : await this.#release(old);
    if (!this.#isRunning()) return;
    if (await this.#takeOver(launched.process, handOver)) {
      this.#previous = old;
      this.#retireElders();
      return;
    }
    launched.process.kill();
    const text = 'the new generation could not take over, the old one takes control back';
    const problems = ['The new generation could not take over; the log has more.'];
    this.#note('error', text, { generation: launched.process.generation }, problems);
    if (old?.hasEnded === false) await this.#takeOver(old, NOTHING);
  }

  async #launch(proveCloud: boolean): Promise<Launch> {
    const admit = async (wanted: string | null): Promise<Place | LaunchFailure> => {
      if (this.#state === undefined) {
        const first = await this.#options.claimState(wanted);
        if (typeof first !== 'number') return first;
        this.#lastGeneration = first - 1;
        // It stays: the journals of all generations are beside each other, under one lock.
        this.#state = { directory: wanted };
      }
      this.#lastGeneration += 1;
      return {
        kind: 'place',
        generation: this.#lastGeneration,
        stateDirectory: this.#state.directory,
      };
    };
    return launch({ fleet: this.#fleet, timing: this.#timing, admit, proveCloud });
  }

  #onLink(from: GenerationProcess, isConnected: boolean): void {
    if (from !== this.#fleet.inCharge) return;
    this.#isLinkUp = isConnected;
    this.#options.onLink?.();
    if (!isConnected || this.#releasedAtMs === undefined) return;
    const gapMs = Math.round(this.#options.now() - this.#releasedAtMs);
    this.#releasedAtMs = undefined;
    this.#note('info', 'control connection handed over', { generation: from.generation, gapMs });
  }

  /** From here `old` claims nothing more; when it does not say so in time, it asks before it claims again. */
  async #release(old: GenerationProcess): Promise<HandOver> {
    this.#fleet.inCharge = undefined;
    this.#releasedAtMs = this.#options.now();
    this.#isOverdue = false;
    old.send({ kind: 'release' });
    const outcome = await old.wait('released', this.#timing.releaseMs);
    if (outcome.kind === 'said') return outcome.message.handOver;
    if (outcome.kind === 'late') {
      this.#isOverdue = true;
      old.send({ kind: 'release' });
      this.#note('warn', 'the generation before did not answer in time', { generation: old.generation });
    }
    return NOTHING;
  }

  async #takeOver(process: GenerationProcess, handOver: HandOver): Promise<boolean> {
    if (process.hasEnded) return false;
    this.#fleet.inCharge = process;
    const guests = this.#fleet.all().flatMap((one) => (one === process ? [] : [...one.guests.values()]));
    const elders = this.#fleet.eldersOf(process);
    const facts = { elders, ended: this.#ended, isOverdue: this.#isOverdue, admin: this.#admin };
    process.send({ kind: 'take-over', ...facts, handOver: { ...handOver, guests } });
    const outcome = await process.wait('in-charge', this.#timing.takeOverMs);
    if (outcome.kind !== 'said') {
      if (this.#fleet.inCharge === process) this.#fleet.inCharge = undefined;
      return false;
    }
    process.inChargeSinceMs = this.#options.now();
    this.#admin = outcome.message.admin;
    this.#ended = [];
    this.#isOverdue = false;
    for (const note of this.#notes.splice(0)) process.send({ kind: 'note', ...note });
    if (this.#mode === 'draining') process.send({ kind: 'drain' });
    return true;
  }

  /** Every elder applies the configuration; too many of them, and the oldest has to end. */
  #retireElders(): void {
    const elders = this.#fleet.all().filter((process) => process !== this.#fleet.inCharge);
    for (const elder of elders) elder.send({ kind: 'retire' });
    const tooMany = this.#fleet.size - MAX_GENERATIONS;
    const { expireMs: afterMs, spreadMs } = this.#timing;
    for (const elder of elders.slice(0, Math.max(0, tooMany))) {
      if (elder.isExpiring) continue;
      elder.isExpiring = true;
      elder.send({ kind: 'expire', afterMs, spreadMs });
    }
  }

  #onEnd(from: GenerationProcess, end: GenerationEnd, wasInCharge: boolean): void {
    const { generation, inChargeSinceMs } = from;
    const hasFailed = end.code !== 0;
    if (this.#mode !== 'running') {
      if (hasFailed && inChargeSinceMs !== undefined) this.#exitCode = EXIT.failed;
      return this.#endIfEmpty();
    }
    if (wasInCharge) this.#ended.push(generation);
    if (inChargeSinceMs !== undefined && !wasInCharge) {
      const sessions = [...from.guests.keys()];
      this.#fleet.inCharge?.send({ kind: 'elder-ended', generation, sessions });
      if (hasFailed) this.#note('error', 'a generation was lost with its sessions', { generation, ...end });
    }
    if (wasInCharge && inChargeSinceMs !== undefined) {
      const inChargeMs = this.#options.now() - inChargeSinceMs;
      this.#takesBack = inChargeMs < this.#timing.trialMs && this.#previous?.isExpiring === false;
      const wait = this.#limit.died(inChargeMs, this.#options.now());
      this.#waitMs = wait === 'give-up' ? 0 : wait;
      this.#note('error', 'the generation in charge was lost', { generation, ...end });
    }
    void this.#work();
  }

  #onFirstFailed({ exitCode, sentences }: LaunchFailure): number {
    if (this.#mode !== 'running') return EXIT.done;
    if (sentences.length > 0) this.#options.complain(sentences.join('\n'));
    return exitCode;
  }

  #noteFailedReload({ exitCode, sentences }: LaunchFailure): void {
    if (exitCode === EXIT.config) {
      const text = 'the configuration is invalid, the old one stays in force';
      return this.#note('error', text, { problems: sentences }, sentences);
    }
    const text = 'the new generation could not get ready, the old one stays in charge';
    this.#note('error', text, { causes: sentences }, sentences);
  }

  /** @param problems of a reload that came to nothing. */
  #note(level: Note['level'], text: string, fields: object, problems?: readonly string[]): void {
    const note = { level, text, fields, ...(problems === undefined ? {} : { problems }) };
    const { inCharge } = this.#fleet;
    if (inCharge !== undefined) return inCharge.send({ kind: 'note', ...note });
    this.#notes = [...this.#notes, note].slice(-MAX_NOTES);
  }

  /** Asked again behind every wait: a signal may have come. */
  #isRunning(): boolean {
    return this.#mode === 'running';
  }

  #giveUp(causes: readonly string[]): void {
    this.#options.complain(`No generation gets ready: ${causes.join(' ')}`);
    this.#exitCode = EXIT.failed;
    this.stop();
  }

  #endIfEmpty(): void {
    if (this.#mode !== 'running' && this.#fleet.size === 0) this.#resolve(this.#exitCode);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
