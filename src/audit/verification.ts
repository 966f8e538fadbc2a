import { createHash, type Hash } from 'node:crypto';
import { MAX_EVIDENCE_BYTES } from './log-end.js';
import { decodeLine, membersOf, NO_HASH, type AuditLine, type Position } from './record.js';

/** Where something stands. */
export interface Place {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
}

/** The first line that is not what was written. */
export interface Fault extends Place {
  readonly kind:
    'changed' | 'missing' | 'moved' | 'inserted' | 'unfinished' | 'cut' | 'replaced' | 'other-chain';
  /** For a person: what is wrong with it, and what that means. */
  readonly sentence: string;
}

/** A line that says something about the log itself; no fault, and worth knowing. */
export interface Note extends Place {
  readonly sentence: string;
}

/** A place that the chain has to go through: from the head file, or from an event in the cloud. */
export interface Anchor extends Position {
  /** Absent where the source does not name it. */
  readonly chain?: string;
  /** `the event 4711 in the cloud`, `audit.head`. */
  readonly source: string;
}

export interface Verdict {
  readonly fault: Fault | undefined;
  readonly notes: readonly Note[];
  readonly lines: number;
  readonly records: number;
  readonly chain: string | undefined;
  readonly first: AuditLine | undefined;
  readonly last: AuditLine | undefined;
  /** Anchors that the chain goes through. */
  readonly confirmed: readonly string[];
}

/** Notes that are kept; a log has one for each crash. */
const MAX_NOTES = 1_000;

interface Suspicion {
  readonly fault: Fault;
  readonly line: AuditLine;
  /** What to say when the following line shows that the line before was the wrong one. */
  readonly before: Fault;
}

/** Lines that cannot be read, until a record accounts for them. */
interface Unread {
  readonly fault: Fault;
  readonly hash: Hash;
  bytes: number;
}

/**
 * Goes through a chain line by line, with memory for one of them. Once there is a fault the rest is not looked at: the
 * first one is what counts.
 */
export class Verification {
  readonly #anchors: readonly Anchor[];
  readonly #confirmed = new Set<string>();
  readonly #notes: Note[] = [];
  #place: Place = { file: '', line: 0 };
  #lastPlace: Place = { file: '', line: 0 };
  #lines = 0;
  #records = 0;
  #chain: string | undefined;
  #first: AuditLine | undefined;
  #last: AuditLine | undefined;
  #suspicion: Suspicion | undefined;
  #unread: Unread | undefined;
  #fault: Fault | undefined;

  constructor(anchors: readonly Anchor[] = []) {
    this.#anchors = anchors;
  }

  get fault(): Fault | undefined {
    return this.#fault;
  }

  /** The lines that follow are those of this file. */
  beginFile(file: string): void {
    this.#place = { file, line: 0 };
  }

  /** The next line, with its line feed; without one it is the end of the file. */
  take(bytes: Buffer): void {
    if (this.#fault !== undefined) return;
    this.#place = { ...this.#place, line: this.#place.line + 1 };
    this.#lines += 1;
    const line = decodeLine(bytes);
    if (this.#unread !== undefined) return this.#accountFor(this.#unread, bytes, line);
    if (typeof line === 'string') return this.#setAside(bytes, line);
    if (this.#suspicion !== undefined) return this.#decide(this.#suspicion, line);
    if (this.#last === undefined) this.#begin(line, bytes);
    else if (line.seq === this.#last.seq + 1 && line.prev === this.#last.hash) this.#accept(line, bytes);
    else this.#suspect(line, this.#last);
  }

  /** The verdict, once every line of every file has been taken. */
  end(): Verdict {
    this.#fault ??= this.#suspicion?.fault ?? this.#unread?.fault ?? this.#anchorFault();
    return {
      fault: this.#fault,
      notes: this.#notes,
      lines: this.#lines,
      records: this.#records,
      chain: this.#chain,
      first: this.#first,
      last: this.#last,
      confirmed: [...this.#confirmed],
    };
  }

  #begin(line: AuditLine, bytes: Buffer): void {
    const { chain, after } = membersOf(bytes);
    if (typeof chain === 'string') this.#chain = chain;
    this.#fault = this.#beginningFault(line, after);
    if (this.#fault !== undefined) return;
    const where = typeof after === 'string' ? `${after}, which was not given` : 'files that were not given';
    if (line.seq > 0) this.#note(`the log begins with record ${line.seq}: those before it are in ${where}`);
    this.#first = line;
    this.#accept(line, bytes);
  }

  /** `after` is the file in which the agent found the record before; null: it was in none. */
  #beginningFault({ seq, prev, type }: AuditLine, after: unknown): Fault | undefined {
    if (seq === 0 && type === 'genesis' && prev === NO_HASH) return undefined;
    if (seq === 0) return this.#at('changed', 'it claims to be the first record and is none');
    const before = seq === 1 ? 'record 0' : `records 0 to ${seq - 1}`;
    if (type !== 'continued') {
      const sentence = `the log begins with record ${seq}, and no file begins with such a one: at least record ${seq - 1} is missing`;
      return this.#at('missing', sentence);
    }
    if (after !== null) return undefined;
    return this.#at(
      'cut',
      `when the agent began this file it found none with record ${seq - 1}: ${before} were removed, emptied or moved to another folder`,
    );
  }

  #accept(line: AuditLine, bytes: Buffer): void {
    this.#last = line;
    this.#lastPlace = this.#place;
    this.#records += 1;
    for (const anchor of this.#anchors) this.#compare(anchor, line);
    if (line.type === 'cut') this.#onCut(bytes);
    if (line.type === 'lost') this.#onLost(bytes);
    if (line.type === 'continued') this.#onContinued(bytes);
  }

  #compare(anchor: Anchor, line: AuditLine): void {
    if (anchor.seq !== line.seq || (anchor.chain ?? this.#chain) !== this.#chain) return;
    if (anchor.hash === line.hash) this.#confirmed.add(anchor.source);
    else
      this.#fault ??= this.#at('replaced', `${anchor.source} knows record ${line.seq} with another content`);
  }

  #onCut(bytes: Buffer): void {
    const { expectedSeq, expectedChain } = membersOf(bytes);
    const what =
      expectedChain === this.#chain
        ? `that the end of the log was gone: it had written up to record ${String(expectedSeq)}`
        : 'another log than the one that it had written';
    this.#fault ??= this.#at('cut', `the agent found here ${what}`);
  }

  #onLost(bytes: Buffer): void {
    const { count } = membersOf(bytes);
    this.#note(`${String(count)} records were lost before this one: the disk failed for too long`);
  }

  #onContinued(bytes: Buffer): void {
    const { chain } = membersOf(bytes);
    if (this.#chain !== undefined && chain !== this.#chain)
      this.#fault ??= this.#at('other-chain', 'it belongs to another chain');
  }

  /** It is whole and does not follow the line before: the line after it tells which of the two is wrong. */
  #suspect(line: AuditLine, last: AuditLine): void {
    const [next, found] = [last.seq + 1, line.seq];
    const before: Fault = {
      ...this.#lastPlace,
      kind: found === last.seq ? 'inserted' : 'changed',
      sentence:
        found === last.seq
          ? `another line also claims to be record ${last.seq}, and what follows continues that one: this one was inserted`
          : `it is not the line that the next one was written after: it was replaced`,
    };
    this.#suspicion = { line, before, fault: this.#misplaced(line, last, next, found) };
  }

  #misplaced(line: AuditLine, last: AuditLine, next: number, found: number): Fault {
    if (found > next) {
      const what = found - next === 1 ? `record ${next} is` : `records ${next} to ${found - 1} are`;
      return this.#at(
        'missing',
        `record ${next} should stand here and ${found} does: ${what} missing or moved`,
      );
    }
    if (found === next && line.type === 'genesis')
      return this.#at('other-chain', 'another chain begins here');
    if (found === next)
      return this.#at('changed', `it does not continue the line before: one of the two was replaced`);
    const isSame = line.hash === last.hash;
    const how = line.prev === last.prev && !isSame ? 'inserted' : 'moved';
    return this.#at(how, `record ${next} should stand here and ${found} does: it was moved or inserted`);
  }

  #decide({ fault, line, before }: Suspicion, next: AuditLine): void {
    const isContinued = next.seq === line.seq + 1 && next.prev === line.hash;
    const isEither = fault.kind === 'changed' || fault.kind === 'inserted';
    this.#fault = isContinued && isEither ? before : fault;
  }

  /** A line that is no record: a crash may have left it, and then a record behind it says so. */
  #setAside(bytes: Buffer, why: string): void {
    if (this.#suspicion !== undefined) {
      this.#fault = this.#suspicion.fault;
      return;
    }
    const isEnd = bytes.at(-1) !== 0x0a;
    const fault = isEnd
      ? this.#at('unfinished', 'it has no end: it was being written, or the log was cut here')
      : this.#at('changed', this.#last === undefined ? 'the log begins with no audit record' : why);
    this.#unread = { fault, hash: createHash('sha256').update(bytes), bytes: bytes.length };
  }

  #accountFor(unread: Unread, bytes: Buffer, line: AuditLine | string): void {
    const last = this.#last;
    if (typeof line !== 'string' && last !== undefined && line.type === 'torn') {
      const told = membersOf(bytes);
      const isTold = told.bytes === unread.bytes && told.sha256 === unread.hash.copy().digest('hex');
      if (isTold && line.seq === last.seq + 1 && line.prev === last.hash) {
        this.#note(`${unread.bytes} bytes before it were left by a crash, and are accounted for`);
        this.#unread = undefined;
        return this.#accept(line, bytes);
      }
    }
    unread.hash.update(bytes);
    unread.bytes += bytes.length;
    if (unread.bytes > MAX_EVIDENCE_BYTES) this.#fault = unread.fault;
  }

  #anchorFault(): Fault | undefined {
    const last = this.#last;
    for (const { source, seq, chain } of this.#anchors) {
      if (last === undefined) return this.#at('cut', `the log is empty, and ${source} knows record ${seq}`);
      if ((chain ?? this.#chain) !== this.#chain)
        return this.#at('other-chain', `${source} belongs to another log than the one that ends here`);
      if (seq <= last.seq) continue;
      const sentence = `the log ends here with record ${last.seq}, and ${source} knows record ${seq}: its end was cut off`;
      return { ...this.#lastPlace, kind: 'cut', sentence };
    }
    return undefined;
  }

  #at(kind: Fault['kind'], sentence: string): Fault {
    return { ...this.#place, kind, sentence };
  }

  #note(sentence: string): void {
    if (this.#notes.length < MAX_NOTES) this.#notes.push({ ...this.#place, sentence });
  }
}
