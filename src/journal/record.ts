import { CLOUD_ID, MAX_JOURNAL_RECORD_BYTES } from '../../contract/limits.js';
import { crc32c } from './crc32c.js';

/** Version of the files that this program writes; it reads no newer ones. */
export const JOURNAL_FORMAT = 1;

/** The first record of a file. Its line looks the same in every format, so that an older program can read its version. */
export interface HeaderRecord {
  readonly type: 'header';
  readonly format: number;
  readonly generation: number;
  /** Wall clock, in ms since 1970; so are all `at`. */
  readonly at: number;
}

/** The agent is about to report EXECUTING and to dial. */
export interface ClaimedRecord {
  readonly type: 'claimed';
  readonly id: string;
  readonly device: string;
  /** SHA-256 of the connection key, base64url. */
  readonly key?: string;
  readonly at: number;
}

/** The operation's final status is decided. */
export interface FinalRecord {
  readonly type: 'final';
  readonly id: string;
  readonly device: string;
  readonly status: 'SUCCESSFUL' | 'FAILED';
  readonly reason?: string;
  readonly key?: string;
  readonly at: number;
  /** In rewritten files: the cloud has it, so that one record tells all. */
  readonly acked?: true;
}

/** The cloud has the final status. */
export interface AckedRecord {
  readonly type: 'acked';
  readonly id: string;
  readonly at: number;
}

/** What happened to one operation. */
export type OperationRecord = ClaimedRecord | FinalRecord | AckedRecord;

/**
 * One record as a line: `<CRC-32C of the rest, 8 hex digits> <sequence> <JSON>\n`. The sequence starts at 0 with the
 * header and has no gaps, so a line that is missing is seen as well as one that changed.
 */
export function encodeRecord(sequence: number, record: object): string {
  const text = `${sequence} ${JSON.stringify(record)}`;
  return `${hex(crc32c(Buffer.from(text)))} ${text}\n`;
}

/** The record in a line without its line feed; undefined when it is not whole or not the one of this sequence. */
export function decodeRecord(line: Buffer, sequence: number): object | undefined {
  const opening = `${sequence} `;
  const text = checkedText(line);
  if (text?.startsWith(opening) !== true) return undefined;
  const value = parsed(text.slice(opening.length));
  return typeof value === 'object' && value !== null ? value : undefined;
}

/** True when the line's checksum is right, whatever it says. */
export function isWholeLine(line: Buffer): boolean {
  return checkedText(line) !== undefined;
}

/** The header in `value`, with whatever format it names. */
export function asHeader(value: object | undefined): HeaderRecord | undefined {
  if (value === undefined || !('type' in value) || value.type !== 'header') return undefined;
  return hasNumber(value, 'format') && hasNumber(value, 'generation') && hasNumber(value, 'at')
    ? (value as HeaderRecord)
    : undefined;
}

/** The operation's record in `value`. */
export function asOperationRecord(value: object | undefined): OperationRecord | undefined {
  if (value === undefined || !('type' in value) || !hasId(value, 'id') || !hasNumber(value, 'at'))
    return undefined;
  switch (value.type) {
    case 'acked':
      return value as AckedRecord;
    case 'claimed':
      return hasId(value, 'device') && mayHaveText(value, 'key') ? (value as ClaimedRecord) : undefined;
    case 'final':
      return isFinal(value) ? value : undefined;
    default:
      return undefined;
  }
}

function isFinal(value: object): value is FinalRecord {
  return (
    hasId(value, 'device') &&
    mayHaveText(value, 'key') &&
    mayHaveText(value, 'reason') &&
    'status' in value &&
    (value.status === 'SUCCESSFUL' || value.status === 'FAILED') &&
    (!('acked' in value) || value.acked === true)
  );
}

function checkedText(line: Buffer): string | undefined {
  // Eight digits, a space, and at least `0 {}`.
  if (line.length < 13 || line.length > MAX_JOURNAL_RECORD_BYTES || line[8] !== 0x20) return undefined;
  const isRight = line.toString('latin1', 0, 8) === hex(crc32c(line.subarray(9)));
  return isRight ? line.toString('utf8', 9) : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function hex(checksum: number): string {
  return checksum.toString(16).padStart(8, '0');
}

function field(value: object, name: string): unknown {
  return (value as Readonly<Record<string, unknown>>)[name];
}

function hasNumber(value: object, name: string): boolean {
  return Number.isSafeInteger(field(value, name));
}

function hasId(value: object, name: string): boolean {
  const id = field(value, name);
  return typeof id === 'string' && CLOUD_ID.test(id);
}

function mayHaveText(value: object, name: string): boolean {
  const text = field(value, name);
  return text === undefined || typeof text === 'string';
}
