import type { FailureCode } from '../../contract/failure.js';
import type { EndReason } from '../../contract/session-state.js';
import { ActivitySamples, SAMPLE_MS } from '../admin/activity/activity-samples.js';
import {
  asActivity,
  asOperation,
  asReload,
  type ActivityFromElsewhere,
} from '../admin/activity/from-elsewhere.js';
import { LinkLog } from '../admin/activity/link-log.js';
import { OperationLog, type AboutOperation } from '../admin/activity/operation-log.js';
import { MAX_RELOAD_LINES, ReloadLog } from '../admin/activity/reload-log.js';
import type { ActivityView, AdminBackend, ChangeView, OperationView, ReloadView } from '../admin/backend.js';
import type { CloudLink } from '../cloud/intake.js';
import type { GatewayOptions } from './options.js';
import type { SessionRecord } from '../supervisor/session-registry.js';
import type { SessionNotes } from '../supervisor/sessions.js';
import type { OperationName } from '../supervisor/status-desk.js';

/** Longest wait for what the generation before has kept, in ms. Nothing else waits for it. */
const ASK_MS = 2_000;

/** What the agent remembers of the last minutes for people to look at. A reload hands it on, a restart begins anew. */
export class GatewayChronicle implements SessionNotes {
  readonly #generation: number;
  readonly #others: GatewayOptions['others'];
  readonly #log: OperationLog;
  readonly #samples = new ActivitySamples();
  readonly #links: LinkLog;
  readonly #reloads = new ReloadLog();
  #timer: NodeJS.Timeout | undefined;
  #isSampling = false;
  /** Until what the generation before kept is here, its news is in that already. */
  #isSeeded = false;

  constructor({ generation = 1, others }: Pick<GatewayOptions, 'generation' | 'others'>) {
    this.#generation = generation;
    this.#others = others;
    this.#links = new LinkLog(Date.now);
    this.#log = new OperationLog(generation, Date.now, (entry) => this.#tell(entry));
  }

  /** This generation is in charge from now on: samples of the whole agent are taken, what was kept before is fetched. */
  start(backend: Pick<AdminBackend, 'status'>): void {
    if (!this.#isSeeded) void this.#seed();
    this.stop();
    this.#timer = setInterval(() => void this.#sample(backend), SAMPLE_MS);
    this.#timer.unref();
    void this.#sample(backend);
  }

  /** Takes no more samples. Twice is harmless. */
  stop(): void {
    clearInterval(this.#timer);
  }

  operations(): readonly OperationView[] {
    return this.#log.list();
  }

  activity(): ActivityView {
    return {
      samples: this.#samples.list(),
      links: this.#links.list(),
      refusals: this.#log.refusals(),
      reloads: this.#reloads.list(),
    };
  }

  /** The last reload. */
  get reload(): ReloadView | undefined {
    return this.#reloads.list().at(-1);
  }

  /** This generation has given up control to one with these changes. */
  reloaded(changes: readonly ChangeView[], sessionsEnded: number): void {
    const reload: ReloadView = {
      ...{ at: new Date().toISOString(), outcome: 'applied', problems: [] },
      ...{ changes: changes.slice(0, MAX_RELOAD_LINES), changed: changes.length, sessionsEnded },
    };
    this.#reloads.note(reload);
    this.#others?.onNews(reload);
  }

  /** The next generation could not take over, and why. */
  reloadRefused(problems: readonly string[]): void {
    this.#reloads.note({
      ...{ at: new Date().toISOString(), outcome: 'refused', changes: [], changed: 0, sessionsEnded: 0 },
      problems: problems.slice(0, MAX_RELOAD_LINES),
    });
  }

  /** All of it, for the next generation. */
  forOthers(): Promise<ActivityFromElsewhere> {
    return Promise.resolve({ ...this.activity(), operations: this.operations() });
  }

  /** Another generation tells of one of its operations, or of a reload. */
  onNews(news: object): void {
    const reload = asReload(news);
    if (reload !== undefined) return this.#reloads.note(reload);
    const entry = asOperation(news);
    if (this.#isSeeded && entry !== undefined) this.#log.adopt(entry);
  }

  generationEnded(generation: number): void {
    this.#log.generationEnded(generation);
  }

  onLink(link: CloudLink): void {
    this.#links.note(link.state, link.state === 'disconnected' ? link.reason : undefined);
  }

  waiting(session: SessionRecord): void {
    this.#log.waiting(aboutSession(session));
  }

  connecting(session: SessionRecord): void {
    this.#log.connecting(aboutSession(session));
  }

  opened(session: SessionRecord): void {
    this.#log.opened(aboutSession(session));
  }

  refused(operation: OperationName, code: FailureCode, sentence: string): void {
    this.#log.refused(operation, code, sentence);
  }

  failed(session: SessionRecord, code: FailureCode, sentence: string): void {
    const about = aboutSession(session);
    if (session.isDialled) this.#log.failed(about, code, sentence);
    else this.#log.refused(about, code, sentence);
  }

  ended(session: SessionRecord, reason: EndReason, detail: string | undefined): void {
    const { uplinkBytes, downlinkBytes } = session;
    this.#log.ended(aboutSession(session), { reason, detail, uplinkBytes, downlinkBytes });
  }

  #tell(entry: OperationView): void {
    if (entry.generation === this.#generation) this.#others?.onNews(entry);
  }

  /** Only from the one that was in charge before: it has what the ones before it kept. */
  async #seed(): Promise<void> {
    const { elders } = this.#others ?? {};
    const before = elders?.alive.at(-1);
    const answer = before === undefined ? undefined : await elders?.ask(before, { kind: 'activity' }, ASK_MS);
    const kept = asActivity(answer);
    if (kept !== undefined) {
      this.#log.seed(kept.operations, kept.refusals);
      this.#samples.seed(kept.samples);
      this.#links.seed(kept.links);
      this.#reloads.seed(kept.reloads);
    }
    this.#isSeeded = true;
  }

  async #sample(backend: Pick<AdminBackend, 'status'>): Promise<void> {
    if (this.#isSampling) return;
    this.#isSampling = true;
    try {
      const { generations } = await backend.status();
      this.#samples.take(Date.now(), generations);
    } finally {
      this.#isSampling = false;
    }
  }
}

function aboutSession(session: SessionRecord): AboutOperation {
  const { id: sessionId, operationId, deviceId, host, port, conduit, startedAtMs } = session;
  // By the clock that its end is told by: the record's own real time is the cloud's.
  const sinceMs = Date.now() - (performance.now() - startedAtMs);
  return { operationId, deviceId, host, port, conduit, sessionId, sinceMs };
}
