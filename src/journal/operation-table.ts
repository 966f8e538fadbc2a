import { MAX_REMEMBERED_OPERATIONS, REMEMBERED_MS } from '../../contract/limits.js';
import type { StatusUpdate } from '../cloud/intake.js';
import type { OperationRecord } from './record.js';

/** What the journal knows of one operation. */
export interface JournalledOperation {
  readonly operationId: string;
  readonly deviceId: string;
  /** SHA-256 of its connection key, base64url; undefined when it was refused before it was claimed. */
  readonly keyHash: string | undefined;
  /** When this was last written of it, wall clock, in ms since 1970. */
  readonly atMs: number;
  /** Undefined while it is claimed only. */
  readonly final: StatusUpdate | undefined;
}

/**
 * The journal's records folded into what they say. An operation only ever moves on: claimed, final, acked; so a record
 * that is applied twice, or once more from an older file, changes nothing.
 */
export class OperationTable {
  /** Claimed, or with a final status that the cloud may not have. */
  readonly #unsettled = new Map<string, JournalledOperation>();
  /** Done with, oldest first; kept against doubles. */
  readonly #settled = new Map<string, JournalledOperation>();

  constructor(private readonly maxSettled = MAX_REMEMBERED_OPERATIONS) {}

  get unsettled(): number {
    return this.#unsettled.size;
  }

  get size(): number {
    return this.#unsettled.size + this.#settled.size;
  }

  get(operationId: string): JournalledOperation | undefined {
    return this.#unsettled.get(operationId) ?? this.#settled.get(operationId);
  }

  isSettled(operationId: string): boolean {
    return this.#settled.has(operationId);
  }

  /** All that is remembered, what is done with first. */
  *operations(): Generator<JournalledOperation> {
    yield* this.#settled.values();
    yield* this.#unsettled.values();
  }

  /** Operations that are not done with. */
  open(): readonly JournalledOperation[] {
    return [...this.#unsettled.values()];
  }

  apply(record: OperationRecord): void {
    const { id } = record;
    if (this.#settled.has(id)) return;
    const known = this.#unsettled.get(id);
    switch (record.type) {
      case 'claimed':
        if (known === undefined) this.#unsettled.set(id, operationOf(record, undefined));
        return;
      case 'final': {
        // The first final status stands: the cloud may have been told.
        const operation = known?.final === undefined ? operationOf(record, known) : known;
        this.#unsettled.set(id, operation);
        if (record.acked === true) this.#settle(operation, record.at);
        return;
      }
      case 'acked':
        if (known !== undefined) this.#settle(known, record.at);
        return;
    }
  }

  /** Forgets what was done with more than a day ago, and the oldest beyond the bound. */
  forget(nowMs: number): void {
    for (const [id, { atMs }] of this.#settled) {
      if (this.#settled.size <= this.maxSettled && nowMs - atMs < REMEMBERED_MS) return;
      this.#settled.delete(id);
    }
  }

  /** One record for each operation, from which the same table can be made; the unsettled ones first. */
  *records(): Generator<OperationRecord> {
    // An operation that is acked meanwhile moves on to the second map and is met there.
    for (const operation of this.#unsettled.values()) yield recordOf(operation, false);
    for (const operation of this.#settled.values()) yield recordOf(operation, true);
  }

  #settle(operation: JournalledOperation, atMs: number): void {
    this.#unsettled.delete(operation.operationId);
    this.#settled.set(operation.operationId, { ...operation, atMs });
  }
}

function operationOf(
  record: OperationRecord & { readonly device: string; readonly key?: string },
  claimed: JournalledOperation | undefined,
): JournalledOperation {
  const { id: operationId, device: deviceId, at: atMs } = record;
  const final = record.type === 'final' ? updateOf(record) : undefined;
  return { operationId, deviceId, keyHash: claimed?.keyHash ?? record.key, atMs, final };
}

function updateOf(record: OperationRecord & { readonly type: 'final' }): StatusUpdate {
  const { id: operationId, device: deviceId, status, reason } = record;
  return { operationId, deviceId, status, ...(reason === undefined ? {} : { failureReason: reason }) };
}

function recordOf(
  { operationId, deviceId, keyHash, atMs, final }: JournalledOperation,
  acked: boolean,
): OperationRecord {
  const key = keyHash === undefined ? {} : { key: keyHash };
  if (final === undefined || final.status === 'EXECUTING') {
    return { type: 'claimed', id: operationId, device: deviceId, ...key, at: atMs };
  }
  const reason = final.failureReason === undefined ? {} : { reason: final.failureReason };
  const settled = acked ? { acked: true as const } : {};
  return {
    type: 'final',
    id: operationId,
    device: deviceId,
    status: final.status,
    ...reason,
    ...key,
    at: atMs,
    ...settled,
  };
}
