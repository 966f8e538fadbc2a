import { MAX_OUTBOX_OPERATIONS, MAX_REPLY_BYTES } from '../../contract/limits.js';
import { objectAroundList } from './json-envelope.js';
import { elements } from './json-value.js';
import { REMOTE_ACCESS_FRAGMENT } from './operation.js';
import type { RestClient } from './rest-client.js';

/** Operations per page. 500 of some 700 bytes each stay well below the largest reply that is read. */
const PAGE_SIZE = 500;

/** Pages that are read in one go; more operations than the outbox holds could not be handled anyway. */
const MAX_PAGES = Math.ceil(MAX_OUTBOX_OPERATIONS / PAGE_SIZE);

/**
 * The remote-access operations of an agent and its children with this status, oldest first and maybe
 * others, as documents that nobody has read yet: one that is no good must not hide its neighbours. All pages are read before the first operation is handled: handling changes the status,
 * which would shift the pages that follow. @throws RestError
 */
export async function listOperations(
  rest: RestClient,
  agentId: string,
  status: 'PENDING' | 'EXECUTING',
  signal: AbortSignal,
): Promise<unknown[]> {
  const found: unknown[] = [];
  const query = `agentId=${agentId}&status=${status}&fragmentType=${REMOTE_ACCESS_FRAGMENT}&pageSize=${PAGE_SIZE}`;
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const path = `/devicecontrol/operations?${query}&currentPage=${page}`;
    const operations = elements(await rest.send({ method: 'GET', path, signal, read }), 'operations');
    // `next` is present even when the next page is empty, and a short page may be followed by another one.
    if (operations.length === 0) break;
    found.push(...operations);
  }
  return found;
}

function read(page: Buffer): unknown {
  return objectAroundList(page, 'operations', { maxBytes: MAX_REPLY_BYTES });
}
