import { MAX_OUTBOX_OPERATIONS, MAX_REPLY_BYTES } from '../../contract/limits.js';
import { objectAroundList } from './json-envelope.js';
import { elements } from './json-value.js';
import { REMOTE_ACCESS_FRAGMENT } from './operation.js';
import type { RestClient } from './rest-client.js';
import { RestError } from './rest-error.js';

/** Operations per page. 500 of some 700 bytes each stay well below the largest reply that is read. */
const PAGE_SIZE = 500;

/** Into how many a page is cut that is too big: 500, 50, 5, 1. */
const PARTS = 10;

/** Pages that are read in one go; more operations than the outbox holds could not be handled anyway. */
const MAX_PAGES = Math.ceil(MAX_OUTBOX_OPERATIONS / PAGE_SIZE);

/**
 * The operations of an agent and its children with this status, oldest first, as documents that nobody has read yet:
 * one that is no good must not hide its neighbours. All pages are read before the first operation is handled: handling
 * changes the status, which would shift the pages that follow. @throws RestError
 */
export async function listOperations(
  rest: RestClient,
  agentId: string,
  status: 'PENDING' | 'EXECUTING',
  signal: AbortSignal,
): Promise<unknown[]> {
  const query = `agentId=${agentId}&status=${status}&fragmentType=${REMOTE_ACCESS_FRAGMENT}`;
  const pages = new Pages(rest, query, signal);
  const found: unknown[] = [];
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const operations = await pages.read(page, PAGE_SIZE);
    // `next` is present even when the next page is empty, and a short page may be followed by another one.
    if (operations.length === 0) break;
    found.push(...operations);
  }
  return found;
}

/** Reads a page at a time; one that is too big to be read at once is read in smaller ones. */
class Pages {
  constructor(
    private readonly rest: RestClient,
    private readonly query: string,
    private readonly signal: AbortSignal,
  ) {}

  async read(page: number, size: number): Promise<readonly unknown[]> {
    const path = `/devicecontrol/operations?${this.query}&pageSize=${size}&currentPage=${page}`;
    const { signal } = this;
    try {
      return elements(await this.rest.send({ method: 'GET', path, signal, read: readPage }), 'operations');
    } catch (error) {
      if (!(error instanceof RestError) || error.kind !== 'too-big') throw error;
      // One operation that is larger than any reply is nothing to anybody; those behind it are.
      return size === 1 ? [undefined] : this.#readInParts(page, size);
    }
  }

  async #readInParts(page: number, size: number): Promise<unknown[]> {
    const smaller = Math.max(1, Math.floor(size / PARTS));
    const parts = size / smaller;
    const found: unknown[] = [];
    for (let part = 1; part <= parts; part += 1) {
      const operations = await this.read((page - 1) * parts + part, smaller);
      if (operations.length === 0) break;
      found.push(...operations);
    }
    return found;
  }
}

function readPage(page: Buffer): unknown {
  return objectAroundList(page, 'operations', { maxBytes: MAX_REPLY_BYTES });
}
