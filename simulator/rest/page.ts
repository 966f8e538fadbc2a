import { PlatformError } from '../store/platform-error.js';
import type { Call } from './call.js';

const DEFAULT_PAGE_SIZE = 5;

/** Larger sizes are trimmed to this, as the platform does. */
const MAX_PAGE_SIZE = 2_000;

/** One page of a collection. */
export interface Page<T> {
  readonly items: readonly T[];
  /** `self`, `next`, `prev` and `statistics` of the collection document. */
  readonly frame: Readonly<Record<string, unknown>>;
}

/** Cuts the page out that the query asks for. @throws PlatformError 422 when a number is not one. */
export function page<T>(call: Call, all: readonly T[]): Page<T> {
  const pageSize = Math.min(positive(call, 'pageSize', DEFAULT_PAGE_SIZE), MAX_PAGE_SIZE);
  const currentPage = positive(call, 'currentPage', 1);
  const start = (currentPage - 1) * pageSize;
  const items = all.slice(start, start + pageSize);
  const totalPages = Math.ceil(all.length / pageSize);
  const asked = (name: string) => call.query.get(name) === 'true';
  return {
    items,
    frame: {
      self: link(call, currentPage, pageSize),
      // Like the platform: a full page has a next one, even if that turns out to be empty.
      ...(items.length === pageSize ? { next: link(call, currentPage + 1, pageSize) } : {}),
      ...(currentPage > 1 ? { prev: link(call, currentPage - 1, pageSize) } : {}),
      statistics: {
        currentPage,
        pageSize,
        ...(asked('withTotalPages') ? { totalPages } : {}),
        ...(asked('withTotalElements') ? { totalElements: all.length } : {}),
      },
    },
  };
}

function positive(call: Call, name: string, otherwise: number): number {
  const given = call.query.get(name);
  if (given === null || given === '') return otherwise;
  const value = Number(given);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new PlatformError(
    422,
    'general/validationError',
    `Query parameter '${name}' must be a positive number.`,
  );
}

function link(call: Call, currentPage: number, pageSize: number): string {
  const query = new URLSearchParams(call.query);
  query.set('pageSize', String(pageSize));
  query.set('currentPage', String(currentPage));
  return `${call.baseUrl}${(call.request.url ?? '').split('?')[0] ?? ''}?${query.toString()}`;
}
