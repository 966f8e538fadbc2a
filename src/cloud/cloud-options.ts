import type { Secret } from '../../contract/secret.js';
import type { Config } from '../config/config.js';
import type { IntakeEvents, ParsedOperation } from './intake.js';
import type { EventJournal } from './event.js';
import type { Log } from './log.js';
import type { StatusJournal } from './status-journal.js';
import type { Timing } from './timing.js';
import type { OnTokenFetch } from './token-way.js';

/** What the device side of Cumulocity is made of. */
export interface CloudOptions {
  readonly config: Pick<Config, 'cloud' | 'device' | 'intake'> & Partial<Pick<Config, 'thinEdge' | 'state'>>;
  /** Version of this program, for the device's `c8y_Agent`. */
  readonly version: string;
  readonly log: Log;
  readonly events: IntakeEvents;
  /** True for an operation that this process works on; such a one is never taken for a leftover. */
  readonly isOurs: (operationId: string) => boolean;
  /** Operations that are being connected for longer than `ms`; events.onCancelled hears of those that are gone. */
  readonly connectingFor?: (ms: number) => readonly string[];
  /**
   * The credentials as they stand in the configuration now, asked for when they are refused, and when a file with
   * credentials has changed; undefined when unreadable.
   */
  readonly renewCredentials?: ((why: 'refused' | 'changed') => Config['cloud'] | undefined) | undefined;
  /** What becomes of tokens for a device certificate. */
  readonly tokens?: {
    /** A token was fetched, and must never be logged. */
    onToken(token: Secret, before: Secret | undefined): void;
    onFetch: OnTokenFetch;
  };
  /** Keeps final statuses over a restart; without it they are in memory only. */
  readonly journal?: StatusJournal;
  /** Keeps events over a restart; without it they are in memory only. */
  readonly eventJournal?: EventJournal | undefined;
  /** Checks one operation document that is already parsed JSON. */
  readonly parseOperation: (document: unknown) => ParsedOperation;
  /** Checks the LF-separated JSON documents of one MQTT message. */
  readonly parseOperations: (payload: Buffer) => ParsedOperation[];
  /** Strict JSON parser; throws on anything else. */
  readonly parseJson: (document: Buffer) => unknown;
  /** Wall clock, in ms since 1970. */
  readonly now?: () => number;
  /** Monotonic clock, in ms. */
  readonly monotonic?: () => number;
  readonly random?: () => number;
  /** Replaces some of the default waits; for tests. */
  readonly timing?: Partial<Timing>;
}
