import type { CloudOptions } from '../cloud/cloud.js';
import type { Config } from '../config/config.js';
import type { Elders } from '../generations/elders.js';
import type { AdminPlace } from '../generations/messages.js';
import type { Log } from '../log/log.js';
import type { Redactor } from '../log/redaction.js';
import type { ClaimLease } from '../supervisor/supervisor-parts.js';

export interface GatewayOptions {
  readonly config: Config;
  readonly version: string;
  readonly log: Log;
  readonly redactor: Redactor;
  /** Called when the agent cannot go on; the process should exit with 1. */
  readonly onFatal: (error: Error) => void;
  /** Called when a drain is done: no session is left, and none will come. */
  readonly onDrained?: () => void;
  /** Number of this run of the agent, higher than that of every journal in the state directory. Default 1. */
  readonly generation?: number;
  /** Generations that are alive beside this one: what they have begun is left to them. Default none. */
  readonly elders?: readonly number[];
  readonly renewCredentials?: CloudOptions['renewCredentials'];
  /** Log lines that were lost since the start, for the metrics. */
  readonly logDropped?: () => number;
  /** The agent has other generations: how they are seen, and what they have to know. Default: this one is alone. */
  readonly others?: GatewayOthers;
  /** Replaces some of the waits towards the cloud; for tests. */
  readonly timing?: CloudOptions['timing'];
}

/** What a gateway that is one generation of several needs from outside. */
export interface GatewayOthers {
  readonly lease: ClaimLease;
  readonly elders: Elders;
  onLink(isConnected: boolean): void;
  onSessionGone(sessionId: string): void;
  /** Something is new of an operation that this generation took on, or of a reload. */
  onNews(news: object): void;
}

/** What a generation has to know at a take-over, beside what the one before gives. */
export interface TakeOverFacts {
  /** Generations that have ended since this one was made or was in charge. */
  readonly ended?: readonly number[];
  /** Where the admin listener was. */
  readonly admin?: AdminPlace | undefined;
  /** Somebody may hold the admin address for a while; it is tried until it is free. Default false. */
  readonly mayAdminWait?: boolean;
}
