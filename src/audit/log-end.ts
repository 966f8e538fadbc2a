import type { FileHandle } from 'node:fs/promises';
import { MAX_AUDIT_RECORD_BYTES } from '../../contract/limits.js';
import { decodeLine, sha256, membersOf, type AuditLine } from './record.js';

/** Largest piece of a log that can stand there unfinished: one batch of records. */
export const MAX_EVIDENCE_BYTES = 1_001 * MAX_AUDIT_RECORD_BYTES;

/** Bytes behind the last good record. */
export interface Evidence {
  /** With the line feed that ends them. */
  readonly bytes: number;
  readonly sha256: string;
  /** The line feed is still to be written. */
  readonly lacksEnd: boolean;
}

/** How a log file ends. */
export type LogEnd =
  | { readonly kind: 'empty' }
  | { readonly kind: 'end'; readonly last: AuditLine; readonly evidence: Evidence | undefined }
  /** Not one record was finished in it. */
  | { readonly kind: 'unbegun'; readonly evidence: Evidence }
  /** No record is found near its end. */
  | { readonly kind: 'foreign' };

const LINE_FEED = 0x0a;

/** Reads the end of a file of `size` bytes. */
export async function readEnd(handle: FileHandle, size: number): Promise<LogEnd> {
  if (size === 0) return { kind: 'empty' };
  // Nearly always the last record is whole; only a damaged end is looked through.
  const near = await endIn(handle, size, 2 * MAX_AUDIT_RECORD_BYTES);
  if (near.kind !== 'foreign') return near;
  const far = await endIn(handle, size, MAX_EVIDENCE_BYTES + MAX_AUDIT_RECORD_BYTES);
  if (far.kind !== 'foreign' || size > MAX_EVIDENCE_BYTES) return far;
  const bytes = await readAt(handle, 0, size);
  const evidence = evidenceIn(bytes);
  return evidence !== undefined && mayBeOurs(bytes) ? { kind: 'unbegun', evidence } : far;
}

/** The beginning of a record, or the zeros that some file systems leave after a power cut. */
function mayBeOurs(bytes: Buffer): boolean {
  const opening = Buffer.from('{"seq":');
  const begins = bytes.subarray(0, opening.length).equals(opening.subarray(0, bytes.length));
  return begins || bytes.every((byte) => byte === 0);
}

async function endIn(handle: FileHandle, size: number, span: number): Promise<LogEnd> {
  const from = Math.max(0, size - span);
  const bytes = await readAt(handle, from, size - from);
  for (let end = bytes.length; end > 0;) {
    const lineEnd = bytes.lastIndexOf(LINE_FEED, end - 1) + 1;
    if (lineEnd === 0) break;
    const start = lineEnd < 2 ? 0 : bytes.lastIndexOf(LINE_FEED, lineEnd - 2) + 1;
    const last = decodeLine(bytes.subarray(start, lineEnd));
    if (typeof last !== 'string') return { kind: 'end', last, evidence: evidenceIn(bytes.subarray(lineEnd)) };
    end = start;
  }
  return { kind: 'foreign' };
}

function evidenceIn(rest: Buffer): Evidence | undefined {
  if (rest.length === 0) return undefined;
  const lacksEnd = rest.at(-1) !== LINE_FEED;
  const whole = lacksEnd ? Buffer.concat([rest, Buffer.from('\n')]) : rest;
  return { bytes: whole.length, sha256: sha256(whole), lacksEnd };
}

/** The first record of a file, with the chain and the format that it names; undefined when it is none. */
export async function readFirst(
  handle: FileHandle,
): Promise<{ line: AuditLine; chain: string; format: number } | undefined> {
  const bytes = await readAt(handle, 0, MAX_AUDIT_RECORD_BYTES);
  const first = bytes.subarray(0, bytes.indexOf(LINE_FEED) + 1);
  const line = decodeLine(first);
  if (typeof line === 'string') return undefined;
  const { chain, format } = membersOf(first);
  if (typeof chain !== 'string' || typeof format !== 'number') return undefined;
  return { line, chain, format };
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let read = 0;
  while (read < length) {
    const { bytesRead } = await handle.read(bytes, read, length - read, position + read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return bytes.subarray(0, read);
}
