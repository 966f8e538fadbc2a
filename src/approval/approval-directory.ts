import { watch, type FSWatcher, type Stats } from 'node:fs';
import { personName, type ApprovalView } from '../../contract/approval.js';
import { ApprovalFiles, type ApprovalFile } from './approval-files.js';
import type { ApprovalChannel } from './approval-table.js';
import { isLeftOver, published, type ApprovalSite } from './site.js';

/** Time between two looks while somebody waits, in ms; the kernel tells of most changes at once. */
const LOOK_MS = 500;

/** Time between two cleanings, in ms. */
const CLEAN_MS = 60_000;

/** Age from which an answer without a request is removed, in ms. */
const STALE_MS = 60_000;

/** Longest wait for the last look, which takes the requests away, in ms. */
const STOP_MS = 500;

export interface ApprovalDirectoryOptions {
  readonly directory: string;
  readonly site: ApprovalSite;
  readonly log: { warn(fields: object, message: string): void };
}

/**
 * Asks by files: `ID.request.json` lies in the directory for as long as a request waits; who puts `ID.approve` or
 * `ID.deny` beside it answers it. One look after the other compares what lies there with what should, so a file system
 * that is stuck holds up one look and nothing grows.
 */
export class ApprovalDirectory implements ApprovalChannel {
  readonly #options: ApprovalDirectoryOptions;
  readonly #files: ApprovalFiles;
  /** Requests that lie there; and those whose answer was refused, so that it is told once. */
  readonly #written = new Set<string>();
  readonly #refused = new Set<string>();
  #timers: NodeJS.Timeout[] = [];
  #watcher: FSWatcher | undefined;
  #look: Promise<void> | undefined;
  #isDue = false;
  #isCleaningDue = true;
  #lastTrouble: string | undefined;

  constructor(options: ApprovalDirectoryOptions) {
    this.#options = options;
    this.#files = new ApprovalFiles(options.directory);
  }

  /** Takes away what generations that have ended have left. */
  clean(): void {
    this.#isCleaningDue = true;
    this.#kick();
  }

  start(): void {
    const look = (): void => {
      if (this.#written.size > 0 || this.#options.site.list().length > 0) this.#kick();
    };
    this.#timers = [setInterval(look, LOOK_MS), setInterval(() => this.clean(), CLEAN_MS)];
    this.#kick();
  }

  /** Takes away what still lies there, if that takes no time. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#watcher?.close();
    if (this.#written.size > 0) this.#kick();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, STOP_MS)));
    await Promise.race([this.#look, late]);
    clearTimeout(timer);
  }

  asked(): void {
    this.#kick();
  }

  settled(): void {
    this.#kick();
  }

  #kick(): void {
    this.#isDue = true;
    this.#look ??= this.#lookAround().finally(() => (this.#look = undefined));
  }

  async #lookAround(): Promise<void> {
    const { log, directory } = this.#options;
    while (this.#isDue) {
      this.#isDue = false;
      try {
        await this.#compare(await this.#files.open());
        this.#lastTrouble = undefined;
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        if (why !== this.#lastTrouble)
          log.warn({ directory, why }, 'the directory of approvals cannot be used');
        this.#lastTrouble = why;
      }
    }
  }

  async #compare(directory: Stats): Promise<void> {
    const { site } = this.#options;
    this.#watch();
    if (this.#isCleaningDue) await this.#clean();
    this.#isCleaningDue = false;
    for (const id of [...this.#written].filter((one) => !site.has(one))) await this.#takeAway(id);
    let trouble: unknown;
    for (const request of site.list()) {
      // What is wrong with one must not keep the others from being answered.
      await this.#serve(request, directory).catch((error: unknown) => (trouble ??= error));
    }
    if (trouble instanceof Error) throw trouble;
  }

  async #takeAway(id: string): Promise<void> {
    this.#written.delete(id);
    this.#refused.delete(id);
    await this.#files.remove(id);
  }

  async #serve(request: ApprovalView, directory: Stats): Promise<void> {
    const { site } = this.#options;
    const { id } = request;
    if (!this.#written.has(id)) {
      await this.#files.write(id, published(site, request));
      this.#written.add(id);
    }
    await this.#readAnswer(id, directory);
  }

  async #readAnswer(id: string, directory: Stats): Promise<void> {
    const { site, log } = this.#options;
    const found = await this.#files.answer(id, directory);
    if (found === undefined) return;
    if (found.kind === 'answer') {
      const by = personName(found.by) ?? 'somebody';
      site.answer(id, { verdict: found.verdict, by, way: 'file' });
    } else if (!this.#refused.has(id)) {
      this.#refused.add(id);
      log.warn({ id, why: found.why }, 'an answer by file does not count');
    }
  }

  /** What a run that crashed has left, and answers to nothing. */
  async #clean(): Promise<void> {
    for (const file of await this.#files.list()) {
      if (!this.#options.site.has(file.id) && (await this.#isGarbage(file))) await this.#files.delete(file);
    }
  }

  async #isGarbage(file: ApprovalFile): Promise<boolean> {
    const stats = await this.#files.stats(file);
    if (stats === undefined || stats.isDirectory()) return false;
    if (file.kind === 'request.json') {
      const text = await this.#files.read(file).catch(() => '');
      return isLeftOver(this.#options.site, file.id, text);
    }
    const request = await this.#files.stats({ id: file.id, kind: 'request.json' });
    return request === undefined && Math.abs(Date.now() - stats.mtimeMs) > STALE_MS;
  }

  /** Looking again and again does without it. */
  #watch(): void {
    if (this.#watcher !== undefined) return;
    try {
      this.#watcher = watch(this.#options.directory, { persistent: false }, (_, name) => {
        if (name === null || /\.(approve|deny)$/.test(name)) this.#kick();
      });
      this.#watcher.on('error', () => this.#watcher?.close());
    } catch {
      // No watches left.
    }
  }
}
