import { membersOf, decodeLine } from './record.js';
import type { EndFact } from './fact.js';
import { logFiles } from './log-files.js';
import { linesOf } from './log-reader.js';

/**
 * Files that are looked through, newest first. At 16 MiB each they hold the records of 100,000 sessions, and reading
 * them takes some four seconds at most.
 */
const MAX_FILES = 8;

/** A session that was permitted, and of whose end the log says nothing. */
interface Unfinished {
  readonly operation: string;
  readonly generation: number;
  readonly fields: Pick<EndFact, 'device' | 'session' | 'host' | 'port' | 'conduit'>;
  openedAt: string | null;
}

type Members = ReturnType<typeof membersOf>;

/**
 * The `end` records that are missing in the log, for the sessions of generations that are gone: nobody can tell any more
 * how long they lasted after that. @throws Error with an errno.
 */
export async function missingEnds(
  file: string,
  isGone: (generation: number) => boolean,
  nowMs: number,
): Promise<EndFact[]> {
  const files = (await logFiles(file)).reverse().slice(0, MAX_FILES);
  const found: Unfinished[] = [];
  const ended = new Set<string>();
  for (const { path } of files) {
    const scan = new Scan();
    for await (const line of linesOf(path)) scan.take(line);
    found.unshift(...scan.unfinished.filter(({ operation }) => !ended.has(operation)));
    for (const operation of scan.ended) ended.add(operation);
    if (scan.hasFreshStart) break;
  }
  return merged(found)
    .filter(({ generation }) => isGone(generation))
    .map((one) => endOf(one, nowMs));
}

/** What one file says of sessions. */
class Scan {
  /** A process began that had no elders: it has ended all sessions before it. */
  hasFreshStart = false;
  readonly ended = new Set<string>();
  readonly #open = new Map<string, Unfinished>();

  get unfinished(): Unfinished[] {
    return [...this.#open.values()];
  }

  take(bytes: Buffer): void {
    const line = decodeLine(bytes);
    if (typeof line === 'string' || !['start', 'decision', 'open', 'end'].includes(line.type)) return;
    const members = membersOf(bytes);
    const { operation, verdict } = members;
    if (line.type === 'start') return this.#onStart(members);
    if (typeof operation !== 'string') return;
    if (line.type === 'end' || verdict === 'refused') {
      this.#open.delete(operation);
      this.ended.add(operation);
      return;
    }
    const known = this.#open.get(operation) ?? unfinishedOf(operation, members);
    if (line.type === 'open') known.openedAt = line.at;
    this.#open.set(operation, known);
  }

  #onStart({ elders }: Members): void {
    if (!Array.isArray(elders) || elders.length > 0) return;
    this.#open.clear();
    this.hasFreshStart = true;
  }
}

function unfinishedOf(operation: string, members: Members): Unfinished {
  const { device, session, host, port, conduit, generation } = members;
  const name: unknown = isObject(conduit) ? conduit.name : conduit;
  return {
    operation,
    generation: typeof generation === 'number' ? generation : 0,
    fields: {
      device: String(device),
      conduit: String(name),
      ...(typeof session === 'string' ? { session } : {}),
      ...(typeof host === 'string' ? { host } : {}),
      ...(typeof port === 'number' ? { port } : {}),
    },
    openedAt: null,
  };
}

/** One for each operation: its decision may stand in one file and its opening in the next. */
function merged(all: readonly Unfinished[]): Unfinished[] {
  const byOperation = new Map<string, Unfinished>();
  for (const one of all) {
    const known = byOperation.get(one.operation);
    if (known === undefined) byOperation.set(one.operation, one);
    else known.openedAt ??= one.openedAt;
  }
  return [...byOperation.values()];
}

function endOf({ operation, generation, fields, openedAt }: Unfinished, nowMs: number): EndFact {
  return {
    type: 'end',
    operation,
    ...fields,
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
