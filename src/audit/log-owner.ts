import path from 'node:path';
import { forgeable, type Permissions } from '../config/permissions.js';
import { errnoOf, StateError } from '../journal/state-error.js';

interface Found {
  readonly mode: number;
  readonly uid: number;
}

/** Errors of a folder that nobody but its owner can put right. */
const CLOSED = ['EACCES', 'EPERM'];

/** Why a log proves nothing: somebody else could write it, or put another one in its place. Undefined when nobody can. */
export function openToOthers(file: string, log: Found, folder: Found): StateError | undefined {
  const why = forgeable(file, permissionsOf(log), path.dirname(path.resolve(file)), permissionsOf(folder));
  if (why === undefined) return undefined;
  return new StateError('unusable', `${why}, or name another file with audit.file.`);
}

/** Why the log's folder cannot be used, as the lock beside the log tells; undefined for an error of another kind. */
export function closedTo(file: string, error: unknown): StateError | undefined {
  const errno = errnoOf(error) ?? '';
  if (!CLOSED.includes(errno)) return undefined;
  const folder = path.dirname(path.resolve(file));
  const sentence = `The folder ${folder} of the audit log cannot be written by the agent (${errno}), which keeps a lock in it and puts full files aside there: chown ${process.geteuid?.() ?? 'it'} ${folder}, or name another file with audit.file.`;
  return new StateError('unusable', sentence, { cause: error });
}

function permissionsOf({ mode, uid }: Found): Permissions {
  return { mode, owner: uid };
}
