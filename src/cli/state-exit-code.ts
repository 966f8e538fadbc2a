import { EXIT, type ExitCode } from '../exit-codes.js';
import type { StateError } from '../journal/state-error.js';

/** What a state directory that cannot be used is to a service manager: only a lock goes away by itself. */
export function stateExitCode({ kind }: StateError): ExitCode {
  return kind === 'locked' ? EXIT.failed : EXIT.config;
}
