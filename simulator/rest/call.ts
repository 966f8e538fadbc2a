import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Platform } from '../platform.js';
import type { Fragments } from '../store/inventory.js';
import { PlatformError } from '../store/platform-error.js';
import type { Role, User } from '../store/users.js';

/** One authenticated request with its body read. */
export interface Call {
  readonly platform: Platform;
  /** Who calls; NOBODY on open routes without good credentials. */
  readonly user: User;
  /** What the pattern's `:names` matched, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: Fragments;
  readonly headers: IncomingHttpHeaders;
  /** `http://host:port` as the caller wrote it, for links. */
  readonly baseUrl: string;
  readonly request: IncomingMessage;
}

/** What a route answers. */
export interface Reply {
  readonly status: number;
  /** Sent as JSON; undefined sends no body. */
  readonly body?: unknown;
  /** Name in the media type `application/vnd.com.nsn.cumulocity.<name>+json`; undefined is plain JSON. */
  readonly media?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
}

/** One resource and method. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Segments; `:name` takes one. */
  readonly path: string;
  /** Served without credentials. */
  readonly isOpen?: boolean;
  readonly handle: (call: Call) => Reply;
}

/** The caller of an open route. */
export const NOBODY: User = { tenant: '', name: '', roles: new Set(), deviceExternalId: undefined };

/** @throws PlatformError 403 when the caller has neither the role nor owns the object or an ancestor of it. */
export function demand(call: Call, role: Role, managedObjectId?: string): void {
  if (!call.platform.may(call.user, role, managedObjectId)) {
    throw new PlatformError(403, 'security/Forbidden', 'Access is denied');
  }
}

/** A parameter of the pattern. */
export function param(call: Call, name: string): string {
  return call.params[name] ?? '';
}

/** A field of the body that must be text. @throws PlatformError 422. */
export function textField(call: Call, field: string, resource: string): string {
  const value = call.body[field];
  if (typeof value === 'string' && value !== '') return value;
  throw new PlatformError(422, `${resource}/validationError`, `Field '${field}' is missing or not text.`);
}
