import { asHeader, asOperationRecord, decodeRecord, isWholeLine, JOURNAL_FORMAT } from './record.js';
import type { HeaderRecord, OperationRecord } from './record.js';

/** What the bytes of a journal file say. */
export type FileContent<R = OperationRecord> =
  /** All of it, or all but a last record that was being written when the process or the machine stopped. */
  | { readonly kind: 'whole'; readonly header: HeaderRecord; readonly records: readonly R[] }
  /** Not a byte: it was created and never written. */
  | { readonly kind: 'empty' }
  /** A record in the middle is not what was written; nothing in the file is to be trusted. */
  | { readonly kind: 'damaged'; readonly offset: number }
  /** Written by a newer version of this program. */
  | { readonly kind: 'newer'; readonly format: number };

const LINE_FEED = 0x0a;

/** Reads a journal file of operations. Never throws, whatever the bytes are. */
export function readContent(bytes: Buffer): FileContent {
  return readRecordsOf(bytes, asOperationRecord);
}

/** Reads a journal file whose records `as` knows. Never throws, whatever the bytes are. */
export function readRecordsOf<R>(
  bytes: Buffer,
  as: (value: object | undefined) => R | undefined,
): FileContent<R> {
  if (bytes.length === 0) return { kind: 'empty' };
  const headerEnd = bytes.indexOf(LINE_FEED);
  const header = headerEnd === -1 ? undefined : asHeader(decodeRecord(bytes.subarray(0, headerEnd), 0));
  // A file gets its name only with its header on the disk, so one without a header was not just cut short.
  if (header === undefined) return { kind: 'damaged', offset: 0 };
  if (header.format > JOURNAL_FORMAT) return { kind: 'newer', format: header.format };
  return readRecords(bytes, headerEnd + 1, header, as);
}

function readRecords<R>(
  bytes: Buffer,
  from: number,
  header: HeaderRecord,
  as: (value: object | undefined) => R | undefined,
): FileContent<R> {
  const records: R[] = [];
  let offset = from;
  while (offset < bytes.length) {
    const end = bytes.indexOf(LINE_FEED, offset);
    const line = end === -1 ? undefined : bytes.subarray(offset, end);
    const record = line && as(decodeRecord(line, records.length + 1));
    if (record === undefined)
      return hasWholeLine(bytes, offset) ? { kind: 'damaged', offset } : whole(header, records);
    records.push(record);
    offset = end + 1;
  }
  return whole(header, records);
}

function whole<R>(header: HeaderRecord, records: readonly R[]): FileContent<R> {
  return { kind: 'whole', header, records };
}

/** True when a record that once was written stands behind what cannot be read: then that is not the torn end. */
function hasWholeLine(bytes: Buffer, from: number): boolean {
  for (let offset = from; ;) {
    const end = bytes.indexOf(LINE_FEED, offset);
    if (end === -1) return false;
    if (isWholeLine(bytes.subarray(offset, end))) return true;
    offset = end + 1;
  }
}
