import type { MessagePort } from 'node:worker_threads';
import type { FailureCode } from './failure.js';
import type { EndReason } from './session-state.js';

/*
 * Every message between the main thread and a worker.
 *
 *     supervisor --SessionTask--> piscina --> session-worker      one task = one session
 *     supervisor <--SessionSummary-- piscina <-- session-worker   the task's result
 *     supervisor <--WorkerHello-- (once, when the thread is up; carries the port below)
 *     supervisor ==WorkerCommand==> port ==> session-worker
 *     supervisor <==WorkerReport== port <== session-worker        coalesced
 *
 * There is one port per worker, not per session: libuv looks at every open port whenever one is written to.
 *
 * Where a worker is a process (workers.isolation), the same travels over its IPC channel, wrapped: ToProcess one way,
 * FromProcess the other.
 */

/** Limits of one session; times in ms, 0 = off where said so. */
export interface SessionLimits {
  /** Longest time for each of target and WebSocket to be up, from the start of its dial. */
  readonly connectTimeoutMs: number;
  /** Longest time without a byte in either direction; 0 = no limit. Pings do not count. */
  readonly idleTimeoutMs: number;
  /** Longest time a session may be open; 0 = no limit. */
  readonly sessionDurationMs: number;
  /** Bytes kept from the side that is up while the other one connects; then that side is paused. */
  readonly bootstrapBufferBytes: number;
  /** Bytes in flight, both directions together, before the sender is paused. */
  readonly bufferBytes: number;
  /** Largest WebSocket message accepted from the cloud, over all of its fragments. */
  readonly maxMessageBytes: number;
  /** Payload that may move in each direction, in bytes a second; 0 or undefined = no limit of its own. */
  readonly bandwidthBytesPerSecond?: number;
  /** Interval of our pings; 0 = none. Two intervals of silence from the cloud end the session. */
  readonly webSocketPingMs: number;
}

/** A host to connect to, with the addresses that were checked for it; these and no others are dialled. */
export interface Endpoint {
  /** As named in the operation or the configuration: for messages and for TLS. */
  readonly host: string;
  readonly port: number;
  /** IPv4 or IPv6 literals, in the order to try; at least one. */
  readonly addresses: readonly string[];
}

/** The WebSocket side of a session. */
export interface Tunnel {
  /** ws:// or wss://, with the connection key in its path: never logged. */
  readonly url: string;
  /** Value of the Authorization header: never logged. */
  readonly authorization: string;
  /** It is a token that another one can be had for: a 401 is asked about once. Default: it is final. */
  readonly isRenewable?: true;
  /** Where the TCP connection goes: the cloud, or the proxy when there is one. */
  readonly endpoint: Endpoint;
  /** Present when `endpoint` is an HTTP proxy that has to CONNECT to the cloud first. */
  readonly proxy?: {
    readonly authorization?: string;
    /** TLS to the proxy itself, whose certificate has to name `endpoint.host`. Default: plain HTTP. */
    readonly isSecure?: true;
  };
}

/** One session to run; the argument of the piscina task. */
export interface SessionTask {
  readonly sessionId: string;
  readonly target: Endpoint;
  readonly tunnel: Tunnel;
  readonly limits: SessionLimits;
}

/** Why a session ends: it never opened, or it was open before. */
export type SessionEnding =
  | { readonly outcome: 'failed'; readonly code: FailureCode; readonly sentence: string }
  | { readonly outcome: 'ended'; readonly reason: EndReason; readonly detail: string };

/** How a session ended; the result of the piscina task, once both of its sockets are gone. */
export type SessionSummary = SessionTotals & SessionEnding;

/** What a session moved, and how long it took; times in ms. */
export interface SessionTotals {
  readonly sessionId: string;
  /** Bytes from the target delivered to the cloud's socket. */
  readonly uplinkBytes: number;
  /** Bytes from the cloud delivered to the target's socket. */
  readonly downlinkBytes: number;
  /** From the start of the task until both sides were up, or until it failed. */
  readonly setupMs: number;
  /** Open time; 0 when it never opened. */
  readonly durationMs: number;
}

/** What every worker gets once, as piscina's workerData. Holds no secret: workerData can be read by anyone in the process. */
export interface WorkerSettings {
  /** Extra trusted roots in PEM, or undefined for the system's. */
  readonly ca: string | undefined;
  /** Oldest TLS version that is accepted from the cloud. */
  readonly minTlsVersion: 'TLSv1.2' | 'TLSv1.3';
}

/** A thread's workerData. */
export interface ThreadSettings extends WorkerSettings {
  /** One Int32 that the thread adds 1 to every HEARTBEAT_MS. */
  readonly heartbeat: SharedArrayBuffer;
}

/** Sent by a worker over its parent port as soon as it runs. */
export interface WorkerHello {
  readonly kind: 'worker-hello';
  readonly threadId: number;
  readonly port: MessagePort;
}

export function isWorkerHello(message: unknown): message is WorkerHello {
  return (
    typeof message === 'object' && message !== null && 'kind' in message && message.kind === 'worker-hello'
  );
}

/** From the main thread to a worker. */
export type WorkerCommand =
  /** Ends a session; harmless when it is gone. With `overload` what it holds is given up at once. */
  | {
      readonly kind: 'close';
      readonly sessionId: string;
      readonly reason: EndReason;
      readonly detail: string;
    }
  /** The answer to `unauthorized`: what to send instead, never logged; null when there is nothing else. */
  | { readonly kind: 'authorization'; readonly sessionId: string; readonly authorization: string | null }
  /** Asks for a report with `heaviest`. */
  | { readonly kind: 'weigh' }
  /** What all sessions of the worker together may move, in bytes a second; 0 = no limit. Answered by reports with `demand`. */
  | { readonly kind: 'bandwidth'; readonly uplink: number; readonly downlink: number }
  /** Another rate of its own for a session that runs; 0 = none. */
  | { readonly kind: 'session-bandwidth'; readonly sessionId: string; readonly bytesPerSecond: number };

/** What happened in a worker since its last report. */
export interface WorkerReport {
  readonly kind: 'report';
  /** Sessions that this worker took on. */
  readonly started: readonly string[];
  /** Sessions that are up now, with their set-up time in ms. Sent in the same turn as they open. */
  readonly opened: readonly { readonly sessionId: string; readonly setupMs: number }[];
  /** Sessions that began to close, and why: a failure is known long before the last socket is gone. */
  readonly closing: readonly { readonly sessionId: string; readonly ending: SessionEnding }[];
  /** Byte counts of the sessions that moved any since the last report; at most once a second. */
  readonly counters: readonly SessionCounters[];
  /** Sessions whose upgrade was answered 401 and that wait for another token. */
  readonly unauthorized?: readonly string[];
  /** Event-loop delay of the worker over the last interval, in ms; absent between intervals. */
  readonly loopDelay?: { readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number };
  /** Memory that all sessions of the worker hold for bytes under way; absent between intervals. */
  readonly heldBytes?: number;
  /** What wanted to move since the last report; every DEMAND_MS while `bandwidth` limits the worker. */
  readonly demand?: { readonly uplink: Demand; readonly downlink: Demand };
  /** The sessions that hold most, heaviest first, at most MAX_WEIGHED_SESSIONS; the answer to `weigh`. */
  readonly heaviest?: readonly SessionWeight[];
}

/** What one direction of a worker moved, and what it could not. */
export interface Demand {
  /** Payload bytes that moved. */
  readonly bytes: number;
  /** Sessions that wait because of the worker's share, and not of their own limit. */
  readonly waiting: number;
}

/** Memory that a session holds for bytes that were read and not yet taken by the other side. */
export interface SessionWeight {
  readonly sessionId: string;
  readonly heldBytes: number;
}

/** From the main thread to a worker process; the settings come first. */
export type ToProcess =
  | { readonly kind: 'settings'; readonly settings: WorkerSettings }
  | { readonly kind: 'task'; readonly task: SessionTask }
  | { readonly kind: 'command'; readonly command: WorkerCommand };

/** From a worker process to the main thread. */
export type FromProcess =
  /** The process runs and has its settings. */
  | { readonly kind: 'up' }
  /** Sent every HEARTBEAT_MS. */
  | { readonly kind: 'beat' }
  | { readonly kind: 'summary'; readonly summary: SessionSummary }
  /** The session ended by an exception of ours: there is no summary. */
  | { readonly kind: 'broken'; readonly sessionId: string }
  | { readonly kind: 'report'; readonly report: WorkerReport };

export interface SessionCounters {
  readonly sessionId: string;
  readonly uplinkBytes: number;
  readonly downlinkBytes: number;
}
