import type { Pace } from './backoff.js';
import type { StatusUpdate } from './intake.js';

/** What became of one status on its way to the cloud. */
export type Delivery =
  | { readonly kind: 'delivered' }
  /** The cloud will never take it: the operation is gone or final. */
  | { readonly kind: 'dropped'; readonly why: string }
  /** `everything`: the trouble is the cloud's or the link's, so other statuses would fare no better now. */
  | { readonly kind: 'retry'; readonly why: string; readonly pace: Pace; readonly everything: boolean };

/** The cloud has no final status of the operation yet. */
export interface Absent {
  readonly kind: 'absent';
}

/** A way to the cloud for statuses. Never rejects. */
export interface StatusTransport {
  send(update: StatusUpdate, signal: AbortSignal): Promise<Delivery>;
}
