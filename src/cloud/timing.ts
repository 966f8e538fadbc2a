import {
  BACKOFF_BASE_MS,
  BACKOFF_CAP_MS,
  BACKOFF_RESET_MS,
  SWEEP_INTERVAL_MS,
} from '../../contract/limits.js';
import type { BackoffTiming } from './backoff.js';

/** Every wait of the cloud side, in ms, in one place, so that tests can shorten them. */
export interface Timing {
  /** Back-off of links and of the status outbox. */
  readonly backoff: BackoffTiming;
  /** One REST request from its start to the last byte of its reply. */
  readonly requestMs: number;
  /** How long we ask the cloud to hold a long poll. */
  readonly pollMs: number;
  /** What a long poll may take beyond `pollMs` before the link counts as dead. */
  readonly pollGraceMs: number;
  /** Shortest time from the start of a long poll to the start of the next. */
  readonly pollGapMs: number;
  /** Wait before a new handshake when the cloud advised `reconnect: none`. */
  readonly adviceNoneMs: number;
  /** Interval of the PENDING list while real-time notifications are refused. */
  readonly fallbackPollMs: number;
  /** How long to poll before real-time notifications are tried again. */
  readonly fallbackMs: number;
  /** Interval of the sweep while the link is up. */
  readonly sweepMs: number;
  /** Everything up to CONNACK: TCP, proxy, TLS, WebSocket, MQTT login; each of transport and login gets this. */
  readonly mqttConnectMs: number;
  /** Operations that connect for longer than this are looked at, as often, for whether they were cancelled. */
  readonly cancellationMs: number;
  /** MQTT keep-alive. The library gives up after one and a half of it. */
  readonly mqttKeepAliveMs: number;
  /** One fetch of a token for a device certificate, all ways together. */
  readonly tokenFetchMs: number;
  /** A token that is refused this soon after it was fetched is not replaced by another. */
  readonly tokenGapMs: number;
  /** How often files with credentials are looked at for changes. */
  readonly credentialsMs: number;
  /** A published status or a subscription without its acknowledgement is tried again after this. */
  readonly mqttAckMs: number;
}

/** The waits of a gateway in production. 20 s + 15 s notice a silently dead long poll within 35 s, MQTT within 30 s. */
export const DEFAULT_TIMING: Timing = {
  backoff: {
    baseMs: BACKOFF_BASE_MS,
    capMs: BACKOFF_CAP_MS,
    // Wrong credentials do not become right by asking again, but may be corrected in the cloud at any time.
    slowCapMs: 300_000,
    resetMs: BACKOFF_RESET_MS,
  },
  requestMs: 30_000,
  pollMs: 20_000,
  pollGraceMs: 15_000,
  pollGapMs: 100,
  adviceNoneMs: 30_000,
  fallbackPollMs: 5_000,
  fallbackMs: 300_000,
  sweepMs: SWEEP_INTERVAL_MS,
  cancellationMs: 500,
  mqttConnectMs: 15_000,
  mqttKeepAliveMs: 20_000,
  mqttAckMs: 15_000,
  tokenFetchMs: 25_000,
  tokenGapMs: 5_000,
  credentialsMs: 5_000,
};
