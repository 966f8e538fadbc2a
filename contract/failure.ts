/**
 * Why an operation failed. The code opens the operation's `failureReason`, and is the log field and the metric
 * label. CONTRACT: the names are stable; docs/operator/when-it-says-no.md has a row for each.
 */
export const FAILURE_CODES = [
  'invalid-operation',
  'operation-stale',
  'policy-denied',
  'outside-window',
  'limit-reached',
  'target-in-use',
  'approval-timeout',
  'approval-denied',
  'switched-off',
  'target-unresolved',
  'target-refused',
  'target-unreachable',
  'target-timeout',
  'target-reset',
  'cloud-unauthorized',
  'cloud-key-unknown',
  'cloud-unreachable',
  'cloud-proxy',
  'cloud-tls',
  'cloud-timeout',
  'cloud-protocol',
  'local-resources',
  'overloaded',
  'worker-crashed',
  'agent-restarted',
  'cancelled',
  'internal-error',
] as const;

export type FailureCode = (typeof FAILURE_CODES)[number];

/** Largest `failureReason`, in bytes of UTF-8. 500 is where thin-edge cuts for SmartREST; the platform states none. */
export const MAX_FAILURE_REASON_BYTES = 500;

/** A failure with a code. The message is one sentence with the values and the next step; it carries no secret. */
export class GatehouseError extends Error {
  readonly code: FailureCode;

  constructor(code: FailureCode, sentence: string, options?: ErrorOptions) {
    super(sentence, options);
    this.name = 'GatehouseError';
    this.code = code;
  }
}

/**
 * The text for the cloud: `<code>: <sentence>`, one line, at most 500 bytes, cut between code points. Control
 * characters become spaces, so that a hostile host name can forge neither a log line nor a second SmartREST line.
 */
export function failureReason(code: FailureCode, sentence: string): string {
  const oneLine = `${code}: ${sentence}`.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').toWellFormed();
  return cutToBytes(oneLine, MAX_FAILURE_REASON_BYTES);
}

/** `text`, or as many of its first code points as fit into `maxBytes` of UTF-8. */
export function cutToBytes(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  let bytes = 0;
  let cut = 0;
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > maxBytes) break;
    cut += character.length;
  }
  return text.slice(0, cut);
}
