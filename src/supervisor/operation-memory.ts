import { createHash } from 'node:crypto';
import { MAX_REMEMBERED_OPERATIONS } from '../../contract/limits.js';
import type { Secret } from '../../contract/secret.js';
import type { StatusUpdate } from '../cloud/intake.js';
import type { PastOperation } from './operation-journal.js';

/** A final status is sent again when the cloud still shows the operation as PENDING this long after it. */
const RESEND_AFTER_MS = 60_000;

export type Recollection =
  | { readonly kind: 'new' }
  /** Delivered before. `resend` is its final status, when the cloud seems not to have it. */
  | { readonly kind: 'seen'; readonly resend?: StatusUpdate }
  /** Another operation has used this connection key. */
  | { readonly kind: 'key-used'; readonly by: string };

interface Remembered {
  readonly keyHash: string | undefined;
  final: { readonly update: StatusUpdate; atMs: number } | undefined;
}

/** An operation that another generation has taken on: its id, and the hash of its connection key if it had one. */
export type RememberedOperation = readonly [operationId: string, keyHash: string | null];

/**
 * Which operations were started already, so that each dials at most once, however often the cloud delivers it. Keys
 * are kept as hashes only. The oldest are forgotten beyond the bound; their age then fails them.
 */
export class OperationMemory {
  readonly #operations = new Map<string, Remembered>();
  readonly #keys = new Map<string, string>();

  constructor(
    private readonly now: () => number,
    private readonly capacity = MAX_REMEMBERED_OPERATIONS,
  ) {}

  /** Remembers the operation if it is new, and says what is known of it. */
  recall(operationId: string, keyHash: string | undefined): Recollection {
    const known = this.#operations.get(operationId);
    if (known !== undefined) {
      const { final } = known;
      if (final === undefined || this.now() - final.atMs < RESEND_AFTER_MS) return { kind: 'seen' };
      // Not at every sweep: the cloud may need a while, or never take it.
      final.atMs = this.now();
      return { kind: 'seen', resend: final.update };
    }
    const usedBy = keyHash === undefined ? undefined : this.#keys.get(keyHash);
    this.#operations.set(operationId, {
      keyHash: usedBy === undefined ? keyHash : undefined,
      final: undefined,
    });
    if (usedBy !== undefined) return { kind: 'key-used', by: usedBy };
    if (keyHash !== undefined) this.#keys.set(keyHash, operationId);
    this.#forgetOldest();
    return { kind: 'new' };
  }

  /** Takes over an operation of an earlier run or of another generation, with its final status as far as it is known. */
  add({ operationId, keyHash, final }: PastOperation): void {
    const known = this.#operations.get(operationId);
    if (known === undefined) this.recall(operationId, keyHash);
    if (final !== undefined && known?.final === undefined) this.settle(final);
  }

  /** It was not started after all, and may come again. */
  forget(operationId: string): void {
    const { keyHash } = this.#operations.get(operationId) ?? {};
    this.#operations.delete(operationId);
    if (keyHash !== undefined) this.#keys.delete(keyHash);
  }

  /** The newest operations, at most `limit`, for the next generation. */
  newest(limit: number): RememberedOperation[] {
    return [...this.#operations].slice(-limit).map(([id, { keyHash }]) => [id, keyHash ?? null]);
  }

  /** True when the operation was started, or refused, here or by one that was taken over. */
  has(operationId: string): boolean {
    return this.#operations.has(operationId);
  }

  /** The operation has its final status. */
  settle(update: StatusUpdate): void {
    const known = this.#operations.get(update.operationId);
    if (known !== undefined) known.final = { update, atMs: this.now() };
  }

  #forgetOldest(): void {
    if (this.#operations.size <= this.capacity) return;
    const [oldest] = this.#operations;
    if (oldest === undefined) return;
    const [operationId, { keyHash }] = oldest;
    this.#operations.delete(operationId);
    if (keyHash !== undefined) this.#keys.delete(keyHash);
  }
}

/** SHA-256 of a connection key, base64url: what is remembered of it, in memory and in the journal. */
export function hashOfKey(connectionKey: Secret): string {
  return createHash('sha256').update(connectionKey.reveal()).digest('base64url');
}
