import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { openFilesLimit, ownMemory, portRange, tcpPages, tcpPagesLimit } from './proc-files.js';
import { RESOURCES, type Resource, type Sample, type Usage } from './sample.js';

/** Size of a page of kernel memory, in bytes; some ARM64 systems have larger ones. Only what is shown depends on it. */
const PAGE_BYTES = 4_096;

export interface ReaderParts {
  /** limits.memory in bytes; 0 = not watched. */
  readonly memoryLimit: () => number;
  /** Workers that are processes of their own. */
  readonly pids: () => readonly number[];
  /** Sessions that there are. */
  readonly sessions: () => number;
  /** Where the system tells; default `/proc`. */
  readonly procFolder?: string;
  /** Told once of each resource that cannot be read here. */
  readonly onUnreadable: (resource: Resource) => void;
}

/**
 * Reads how much of each resource is in use. Where /proc is hidden or there is none, what it would tell is left out: the
 * agent then finds out from the system's errors. What could be read once and not later (for want of a descriptor, most
 * likely) stays as it was.
 */
export class ResourceReader {
  readonly #parts: ReaderParts;
  readonly #unreadable = new Set<Resource>();
  readonly #folder: string;
  #last: Sample = {};

  constructor(parts: ReaderParts) {
    this.#parts = parts;
    this.#folder = parts.procFolder ?? '/proc';
  }

  async read(): Promise<Sample> {
    const readings: Record<Resource, () => Promise<Usage | undefined>> = {
      memory: () => this.#memory(),
      descriptors: () => this.#descriptors(),
      'kernel-memory': () => this.#kernelMemory(),
      ports: () => this.#ports(),
    };
    const sample: Partial<Record<Resource, Usage>> = {};
    for (const resource of RESOURCES) {
      if (this.#unreadable.has(resource)) continue;
      const usage = (await readings[resource]()) ?? this.#last[resource];
      if (usage !== undefined) sample[resource] = usage;
      else this.#onUnreadable(resource);
    }
    this.#last = sample;
    return sample;
  }

  #onUnreadable(resource: Resource): void {
    this.#unreadable.add(resource);
    this.#parts.onUnreadable(resource);
  }

  async #memory(): Promise<Usage> {
    let used = process.memoryUsage.rss();
    for (const pid of this.#parts.pids()) used += ownMemory(await this.#text(`${pid}/status`)) ?? 0;
    return { used, limit: this.#parts.memoryLimit() };
  }

  /** Of the process that has most open: each has the same limit. */
  async #descriptors(): Promise<Usage | undefined> {
    const limit = openFilesLimit(await this.#text('self/limits'));
    let used = await this.#openFiles('self');
    if (limit === undefined || used === undefined) return undefined;
    for (const pid of this.#parts.pids()) used = Math.max(used, (await this.#openFiles(pid)) ?? 0);
    return { used, limit };
  }

  /** What is used towards one address is not told: at worst all sessions go to the same one of the cloud. */
  async #ports(): Promise<Usage | undefined> {
    const limit = portRange(await this.#text('sys/net/ipv4/ip_local_port_range'));
    return limit === undefined ? undefined : { used: this.#parts.sessions(), limit };
  }

  async #kernelMemory(): Promise<Usage | undefined> {
    const used = tcpPages(await this.#text('self/net/sockstat'));
    const limit = tcpPagesLimit(await this.#text('sys/net/ipv4/tcp_mem'));
    if (used === undefined || limit === undefined) return undefined;
    return { used: used * PAGE_BYTES, limit: limit * PAGE_BYTES };
  }

  /** Since Linux 6.2 the folder's size is the number of open files; before, they have to be listed. */
  async #openFiles(pid: number | 'self'): Promise<number | undefined> {
    const folder = path.join(this.#folder, String(pid), 'fd');
    try {
      const { size } = await stat(folder);
      return size > 0 ? size : (await readdir(folder)).length;
    } catch {
      return undefined;
    }
  }

  /** The content of a file, or nothing: it may be hidden, or its process be gone. */
  async #text(file: string): Promise<string> {
    try {
      return await readFile(path.join(this.#folder, file), 'utf8');
    } catch {
      return '';
    }
  }
}
