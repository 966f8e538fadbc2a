import type { ChildConfig, Conduit, Config } from '../config/config.js';
import type { Address } from './address.js';
import type { ConduitTable } from './conduit-table.js';
import type { GatewayAddresses, Reach } from './reach.js';

/** One question to the policy: may this target be reached now? */
export interface Question {
  /** From the operation, in normal form: a name or an address. */
  readonly hostname: string;
  /** What it was resolved to. Only these can be allowed. */
  readonly addresses: readonly string[];
  readonly port: number;
  /** The child device that the operation is for; undefined for the gateway itself. */
  readonly child: ChildConfig | undefined;
  readonly conduits: ConduitTable;
  readonly gateway: GatewayAddresses;
  readonly limits: Pick<Config['limits'], 'sessions' | 'sessionsPerTarget'>;
  readonly counts: SessionCounts;
  /** Real time, in ms since 1970: windows are judged by it. */
  readonly nowMs: number;
}

/** Sessions that count against the limits now: those that are connecting, open or closing. */
export interface SessionCounts {
  readonly sessions: number;
  ofConduit(name: string): number;
  /** `address` is canonical, as in Decision.addresses. */
  ofTarget(address: string, port: number): number;
  /** The first session to a target, an exclusive one before all others; undefined when there is none. */
  holderOf(address: string, port: number): Holder | undefined;
}

/** Who uses a target. */
export interface Holder {
  readonly sessionId: string;
  /** Undefined where another version of the agent has the session and does not say, like `sinceMs`. */
  readonly operationId: string | undefined;
  readonly conduit: string;
  /** Since when, in ms since 1970. */
  readonly sinceMs: number | undefined;
  /** Nobody else may use the target meanwhile. */
  readonly isExclusive: boolean;
}

/** No session at all: for asking what the configuration alone says. */
export const NO_SESSIONS: SessionCounts = {
  sessions: 0,
  ofConduit: () => 0,
  ofTarget: () => 0,
  holderOf: () => undefined,
};

export type Decision =
  | {
      readonly kind: 'allow';
      readonly conduit: Conduit;
      /** What may be dialled, in the order it was resolved; canonical, each once, 1 to MAX_ADDRESSES of them. */
      readonly addresses: readonly string[];
    }
  | {
      readonly kind: 'deny';
      readonly code: 'policy-denied' | 'limit-reached' | 'outside-window' | 'target-in-use';
      /** For a technician: which line of which file said no, and what to change. */
      readonly sentence: string;
      /** The conduit that came nearest, where there is one. */
      readonly conduit?: Conduit;
    };

/** A resolved address with what may be done with it. */
export interface JudgedAddress {
  readonly address: Address;
  readonly reach: Reach;
}
