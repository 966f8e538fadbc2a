import { createHash } from 'node:crypto';
import { MAX_AUDIT_RECORD_BYTES } from '../../contract/limits.js';
import type { AuditFact } from './fact.js';

/** Version of the lines that this program writes; it continues no file of a newer one. */
export const AUDIT_FORMAT = 1;

/** What the first record of a chain has in the place of a hash. */
export const NO_HASH = '0'.repeat(64);

const SUM_DIGITS = 16;

/** `,"sum":"0123456789abcdef"}` and a line feed. */
const SUM_BYTES = `,"sum":"${'0'.repeat(SUM_DIGITS)}"}\n`.length;

/** A record's place in the chain. */
export interface Position {
  /** 0 for the first record; no gaps, over all files of the chain. */
  readonly seq: number;
  /** SHA-256 of its line with the line feed, as `sha256sum` gives it. */
  readonly hash: string;
}

/** A line that says of itself that it is whole. */
export interface AuditLine extends Position {
  /** Hash of the line before. */
  readonly prev: string;
  readonly at: string;
  readonly type: string;
}

/**
 * One line, line feed included. `prev` chains it to the line before; `sum` (the first 64 bits of the SHA-256 of all that
 * stands before it) lets a line that changed be told from its neighbours.
 */
export function encodeLine(seq: number, prev: string, { at, type, ...rest }: AuditFact): string {
  const text = JSON.stringify({ seq, prev, at, type, ...rest }).slice(0, -1);
  return `${text},"sum":"${sha256(text).slice(0, SUM_DIGITS)}"}\n`;
}

/** The line, or why it is not what was written. `line` has its line feed, if there is one. */
export function decodeLine(line: Buffer): AuditLine | string {
  if (line.length > MAX_AUDIT_RECORD_BYTES) return 'it is longer than any record';
  if (line.at(-1) !== 0x0a) return 'it has no end';
  const text = line.subarray(0, Math.max(0, line.length - SUM_BYTES));
  const sum = sha256(text).slice(0, SUM_DIGITS);
  const isWhole = line.toString('latin1', text.length) === `,"sum":"${sum}"}\n`;
  if (!isWhole) return 'its checksum does not fit: it was changed after it was written';
  const opening = text.toString('latin1', 0, 256);
  const [, seq, prev, at, type] = OPENING.exec(opening) ?? [];
  if (seq === undefined || prev === undefined || at === undefined || type === undefined)
    return 'it is no audit record';
  return { seq: Number(seq), prev, at, type, hash: sha256(line) };
}

/** The members of a line that decodeLine has accepted. */
export function membersOf(line: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line.toString('utf8'));
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

export function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

const OPENING =
  /^\{"seq":(0|[1-9][0-9]{0,14}),"prev":"([0-9a-f]{64})","at":"([0-9TZ:.-]{20,27})","type":"([a-z]{1,20})"/;
