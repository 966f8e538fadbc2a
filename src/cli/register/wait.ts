import { LinkError, paceOf, sentenceOf } from '../../cloud/link-error.js';
import { isAborted, pause } from '../../cloud/pause.js';
import type { DeviceCredentials, Registration } from '../../cloud/registration.js';
import { hasStatus } from '../../cloud/rest-error.js';
import { EXIT, type ExitCode } from '../../exit-codes.js';

/** Time between two questions, in ms: what the platform's own examples take. */
export const POLL_MS = 5_000;

export interface WaitOptions {
  readonly registration: Registration;
  /** Longest time in all, in ms. A question that is under way is heard to its end. */
  readonly timeoutMs: number;
  /** Time between two questions, in ms. */
  readonly pollMs: number;
  /** Stops the waiting. */
  readonly signal: AbortSignal;
  /** Monotonic, in ms. */
  readonly now: () => number;
  /** Told after each question that brought nothing, with what went wrong if something did. */
  readonly onWaiting: (trouble: string | undefined) => void;
}

export type WaitResult =
  | { readonly kind: 'accepted'; readonly credentials: DeviceCredentials }
  /** `signal` came first. */
  | { readonly kind: 'stopped' }
  | { readonly kind: 'late'; readonly trouble: string | undefined }
  /** Asking again would not help. */
  | { readonly kind: 'failed'; readonly sentence: string; readonly exit: ExitCode };

/** Asks until the device was accepted. Whatever ends it, credentials that were handed out are given. */
export async function untilAccepted(options: WaitOptions): Promise<WaitResult> {
  const { registration } = options;
  let result: WaitResult;
  try {
    result = await rounds(options);
  } finally {
    const late = await registration.close();
    if (late !== undefined) result = { kind: 'accepted', credentials: late };
  }
  return result;
}

async function rounds({
  registration,
  timeoutMs,
  pollMs,
  signal,
  now,
  onWaiting,
}: WaitOptions): Promise<WaitResult> {
  const endsAt = now() + timeoutMs;
  for (let hopeless = 0; ;) {
    let trouble: string | undefined;
    try {
      const credentials = await registration.ask();
      if (credentials !== undefined) return { kind: 'accepted', credentials };
      hopeless = 0;
    } catch (error) {
      trouble = sentenceOf(error);
      hopeless = paceOf(error).kind === 'slow' ? hopeless + 1 : 0;
      // A broker under load refuses like one that knows us not, so it is asked once more.
      if (hasStatus(error, 401, 403) || hopeless > 1)
        return { kind: 'failed', sentence: trouble, exit: exitOf(error) };
    }
    if (isAborted(signal)) return { kind: 'stopped' };
    const leftMs = endsAt - now();
    if (leftMs <= 0) return { kind: 'late', trouble };
    onWaiting(trouble);
    await pause(Math.min(pollMs, leftMs), signal);
    if (isAborted(signal)) return { kind: 'stopped' };
  }
}

function exitOf(error: unknown): ExitCode {
  const isRefusal =
    hasStatus(error, 401, 403) || (error instanceof LinkError && /CONNACK [45]/.test(error.message));
  return isRefusal ? EXIT.refused : EXIT.unreachable;
}
