import type { Answer, EndFact } from './fact.js';
import type { Head } from './head.js';
import { logFiles } from './log-files.js';
import { linesOf } from './log-reader.js';
import { decodeLine, membersOf, type AuditLine } from './record.js';

/**
 * Files that are looked through, newest first. At 16 MiB each they hold the records of 100,000 sessions, and reading
 * them takes some four seconds at most.
 */
const MAX_FILES = 8;

/** An event is written down within milliseconds after the record; the rest is for slow disks. */
const RECENT_MS = 60_000;

/** Ends whose events are looked for in the cloud, one request each. */
const MAX_RECENT = 100;

/** A session that was permitted, and of whose end the log says nothing. */
interface OpenSession {
  readonly operation: string;
  readonly generation: number;
  readonly fields: Pick<EndFact, 'device' | 'session' | 'host' | 'port' | 'conduit' | 'asked'>;
  approved: Answer | undefined;
  openedAt: string | null;
}

type Members = ReturnType<typeof membersOf>;

/** What an earlier run left to be told. */
export interface Unfinished {
  /** `end` records that are missing: nobody can tell any more how long those sessions lasted. */
  readonly missing: readonly EndFact[];
  /** `end` records of the last moments before a run was killed: their events may not have been written down. */
  readonly recent: readonly RecentEnd[];
}

export interface RecentEnd {
  readonly fact: EndFact;
  readonly place: Head;
}

/** What the log says of sessions of generations that are gone. @throws Error with an errno. */
export async function unfinished(
  file: string,
  isGone: (generation: number) => boolean,
  nowMs: number,
): Promise<Unfinished> {
  const files = (await logFiles(file)).reverse().slice(0, MAX_FILES);
  const found: OpenSession[] = [];
  // The clock of a gateway that has not heard from the cloud yet may be behind what stands in the log.
  let endedMs = nowMs;
  const recent: RecentEnd[] = [];
  const ended = new Set<string>();
  for (const { path, chain = '' } of files) {
    const scan = new Scan(chain);
    for await (const line of linesOf(path)) scan.take(line);
    endedMs = Math.max(endedMs, scan.lastMs);
    found.unshift(...scan.open.filter(({ operation }) => !ended.has(operation)));
    recent.unshift(...scan.recent());
    for (const operation of scan.ended) ended.add(operation);
    if (scan.hasFreshStart) break;
  }
  return {
    missing: merged(found)
      .filter(({ generation }) => isGone(generation))
      .map((one) => endOf(one, endedMs)),
    recent: recent.filter(({ fact }) => isGone(fact.generation)).slice(-MAX_RECENT),
  };
}

/** Records that tell something of sessions. */
const TYPES = ['start', 'stop', 'decision', 'approval', 'open', 'end'];

/** What one file says of sessions. */
class Scan {
  /** A process began that had no elders: it has ended all sessions before it. */
  hasFreshStart = false;
  readonly ended = new Set<string>();
  readonly #open = new Map<string, OpenSession>();
  /** Time of the last record. */
  lastMs = 0;
  #recent: RecentEnd[] = [];

  constructor(private readonly chain: string) {}

  get open(): OpenSession[] {
    return [...this.#open.values()];
  }

  /** Ends shortly before the last record, of runs that did not stop cleanly. */
  recent(): RecentEnd[] {
    return this.#recent.filter(({ fact }) => Date.parse(fact.endedAt) >= this.lastMs - RECENT_MS);
  }

  take(bytes: Buffer): void {
    const line = decodeLine(bytes);
    if (typeof line === 'string') return;
    this.lastMs = Date.parse(line.at);
    if (!TYPES.includes(line.type)) return;
    const members = membersOf(bytes);
    const { operation, verdict, generation } = members;
    if (line.type === 'start') return this.#onStart(members);
    if (line.type === 'stop') {
      this.#recent = this.#recent.filter(({ fact }) => fact.generation !== generation);
      return;
    }
    if (typeof operation !== 'string') return;
    if (line.type === 'end') this.#onEnd(line, members);
    if (line.type === 'end' || verdict === 'refused') {
      this.#open.delete(operation);
      this.ended.add(operation);
      return;
    }
    const known = this.#open.get(operation) ?? openSessionOf(operation, members);
    if (line.type === 'open') known.openedAt = line.at;
    if (members.outcome === 'approved') known.approved = answerOf(members);
    this.#open.set(operation, known);
  }

  #onStart({ elders }: Members): void {
    if (!Array.isArray(elders) || elders.length > 0) return;
    this.#open.clear();
    this.#recent = [];
    this.hasFreshStart = true;
  }

  #onEnd({ seq, hash }: AuditLine, members: Members): void {
    const { generation, endedAt } = members;
    if (typeof generation !== 'number' || typeof endedAt !== 'string') return;
    // The line is as this program wrote it, so it has the members that an `end` has.
    const fact = { ...(members as unknown as EndFact), conduit: conduitOf(members.conduit) };
    this.#recent.push({ fact, place: { chain: this.chain, seq, hash } });
    if (this.#recent.length > 2 * MAX_RECENT) this.#recent = this.#recent.slice(-MAX_RECENT);
  }
}

function openSessionOf(operation: string, members: Members): OpenSession {
  const { device, session, host, port, conduit, generation, asked } = members;
  return {
    operation,
    generation: typeof generation === 'number' ? generation : 0,
    fields: {
      device: String(device),
      conduit: conduitOf(conduit),
      ...(typeof session === 'string' ? { session } : {}),
      ...(typeof host === 'string' ? { host } : {}),
      ...(typeof port === 'number' ? { port } : {}),
      ...(isObject(asked) ? { asked: asked } : {}),
    },
    approved: undefined,
    openedAt: null,
  };
}

/** An `open` names the conduit only, and so did an `end` of earlier versions. */
function conduitOf(conduit: unknown): EndFact['conduit'] {
  if (!isObject(conduit)) return { name: String(conduit) };
  const { name, file, line } = conduit;
  const isPlace = typeof file === 'string' && typeof line === 'number';
  return { name: String(name), ...(isPlace ? { file, line } : {}) };
}

function answerOf({ by, way }: Members): Answer {
  return { by: String(by), way: String(way) };
}

/** One for each operation: its decision may stand in one file and its opening in the next. */
function merged(all: readonly OpenSession[]): OpenSession[] {
  const byOperation = new Map<string, OpenSession>();
  for (const one of all) {
    const known = byOperation.get(one.operation);
    if (known === undefined) byOperation.set(one.operation, one);
    else {
      known.openedAt ??= one.openedAt;
      known.approved ??= one.approved;
    }
  }
  return [...byOperation.values()];
}

function endOf({ operation, generation, fields, approved, openedAt }: OpenSession, nowMs: number): EndFact {
  return {
    type: 'end',
    operation,
    ...fields,
    ...(approved === undefined ? {} : { approved }),
    generation,
    outcome: openedAt === null ? 'failed' : 'ended',
    reason: 'agent-restarted',
    detail: 'the process that had it is gone; when it ended and what it moved is not known',
    openedAt,
    endedAt: new Date(nowMs).toISOString(),
    durationMs: null,
    uplinkBytes: null,
    downlinkBytes: null,
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
