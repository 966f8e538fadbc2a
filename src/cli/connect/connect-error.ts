import { EXIT } from '../../exit-codes.js';

/** Why `connect` cannot go on: a sentence with the next step and without a secret, and the exit code. */
export class ConnectError extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, sentence: string, options?: ErrorOptions) {
    super(sentence, options);
    this.name = 'ConnectError';
    this.exitCode = exitCode;
  }
}

/** The refusal for an HTTP status of the cloud; `what` begins the sentence. */
export function httpError(status: number, what: string): ConnectError {
  if (status === 401) {
    return new ConnectError(EXIT.refused, `${what}: the cloud refuses the credentials (401).`);
  }
  if (status === 403) {
    const next = 'The user needs the Remote access role (ROLE_REMOTE_ACCESS_ADMIN).';
    return new ConnectError(EXIT.refused, `${what}: not permitted (403). ${next}`);
  }
  const code = status >= 500 ? EXIT.unreachable : EXIT.failed;
  return new ConnectError(code, `${what}: the cloud answered HTTP ${status}.`);
}

/** The error for a connection that could not be made. Node's codes and messages name host and port, no secret. */
export function unreachableError(error: unknown, what: string): ConnectError {
  if (error instanceof ConnectError) return error;
  return new ConnectError(EXIT.unreachable, `${what}: ${causeOf(error)}.`, { cause: error });
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown cause';
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return 'no answer in time';
  // undici wraps the socket's error; happy eyeballs gives an AggregateError with an empty message.
  const inner = error.cause instanceof Error ? error.cause : error;
  const code = 'code' in inner && typeof inner.code === 'string' ? inner.code : '';
  const cause = inner.message === '' ? code || inner.name : inner.message;
  // OpenSSL's verification codes, as Node names them.
  return /CERT|UNABLE_TO_/.test(code) ? `${cause}; give the root to trust with --ca FILE` : cause;
}
