import type { FailureCode } from '../../contract/failure.js';
import type { EndReason } from '../../contract/session-state.js';

/*
 * What the admin listener needs from the rest of the agent, and the JSON it shows. CONTRACT: the field names of
 * SessionView are stable.
 */

import type { ApprovalAnswer, ApprovalOutcome, ApprovalView } from '../../contract/approval.js';

export type { ApprovalAnswer, ApprovalOutcome, ApprovalView };

/** The agent as the admin listener sees it. None of the calls waits on a socket except `close`; other generations of
 * the agent are waited for half a second at most. */
export interface AdminBackend {
  status(): StatusView | Promise<StatusView>;
  sessions(): readonly SessionView[] | Promise<readonly SessionView[]>;
  /** Recent operations, newest first. An entry is replaced when something is new of it, never changed. */
  operations(): readonly OperationView[];
  /** What was kept of the last minutes, for plots and lists. */
  activity(): ActivityView;
  /** Ends one session; resolves with `closed` once both of its sockets are gone. */
  close(sessionId: string): Promise<'closed' | 'unknown'>;
  /** Starts no more sessions; the agent exits when the last one ends. Calling it twice is harmless. */
  drain(): void;
  readiness(): Readiness;
  /** Requests that wait for approval on site, oldest first. */
  approvals(): readonly ApprovalView[] | Promise<readonly ApprovalView[]>;
  /** Answers one of them; the first answer counts. */
  answerApproval(id: string, answer: ApprovalAnswer): ApprovalOutcome | Promise<ApprovalOutcome>;
}

/** Whether operations can be received. `reason` is one sentence for a person, without a secret. */
export type Readiness = { readonly ready: true } | { readonly ready: false; readonly reason: string };

/** One session. Uplink is target to cloud, downlink cloud to target. */
export interface SessionView {
  readonly id: string;
  readonly operationId: string;
  readonly deviceId: string;
  /** Name of the conduit that allowed it. */
  readonly conduit: string;
  readonly host: string;
  readonly port: number;
  readonly state: 'connecting' | 'open' | 'closing';
  /** Whether somebody on site has to approve it: null where its conduit asks nobody. */
  readonly approval: null | 'waiting' | 'approved';
  /** The worker that owns the sockets, as in the status. */
  readonly worker: number;
  /** ISO 8601, UTC: when its operation was taken on. */
  readonly startedAt: string;
  /** ISO 8601, UTC; null while it is connecting. */
  readonly openedAt: string | null;
  /** When it ends by the clock, ISO 8601, UTC; null when nothing limits it. */
  readonly endsAt: string | null;
  readonly endsBecause: 'window-end' | 'max-duration' | null;
  readonly uplinkBytes: number;
  readonly downlinkBytes: number;
  /** Number of the generation that has it. */
  readonly generation: number;
}

/** The agent as a whole; `pid`, `uptimeSeconds`, `draining` and `cloud` are those of the generation in charge. */
export interface StatusView {
  readonly version: string;
  /** External id of the gateway. */
  readonly device: string;
  readonly pid: number;
  /** The process that signals go to, for all generations; null where there is only this one. */
  readonly parentPid: number | null;
  readonly uptimeSeconds: number;
  /** True once a drain was asked for. */
  readonly draining: boolean;
  readonly cloud: CloudView;
  readonly switch: SwitchView;
  /** Of the main thread, which decides and reports; null in the first moment. */
  readonly eventLoopDelay: LoopDelay | null;
  /** What is watched and how much of it is in use; what cannot be watched here is missing. */
  readonly resources: readonly ResourceView[];
  readonly workers: readonly WorkerView[];
  readonly totals: TotalsView;
  /** Oldest first; the last one is in charge. */
  readonly generations: readonly GenerationView[];
  /** The last reload of the configuration; null when there was none since the start. */
  readonly reload: ReloadView | null;
}

/** One process of the agent: the one in charge, or one before a reload that keeps its sessions to their end. */
export interface GenerationView {
  readonly generation: number;
  /** Null when it does not answer, like the two below. */
  readonly pid: number | null;
  /** ISO 8601, UTC: its start. */
  readonly since: string | null;
  readonly sessions: number | null;
  /** Payload that its sessions moved since its start; null when it does not answer. */
  readonly uplinkBytes: number | null;
  readonly downlinkBytes: number | null;
  /** It takes on no new sessions: an elder, or the one in charge after a drain. */
  readonly draining: boolean;
  readonly answers: boolean;
}

/** The control connection to the cloud. */
export interface CloudView {
  /** Base URL, without credentials. */
  readonly url: string;
  readonly state: 'connected' | 'disconnected';
  /** Why it is disconnected; absent while it is connected. */
  readonly reason?: string;
}

/** The plant's hard switch: `none` where none is configured. `reason` says why it is off and how to turn it on. */
export interface SwitchView {
  readonly state: 'on' | 'off' | 'none';
  readonly reason?: string;
}

/** A resource that runs out at `limit`; both numbers are bytes, descriptors or ports. */
export interface ResourceView {
  readonly resource: 'memory' | 'descriptors' | 'kernel-memory' | 'ports';
  readonly used: number;
  /** 0 where it is not limited. */
  readonly limit: number;
}

export interface WorkerView {
  /** Number of the generation that has it. Thread ids are unique within one. */
  readonly generation: number;
  /** Thread id, or the number of the worker where workers are processes. */
  readonly worker: number;
  /** Process id where the worker is a process of its own; null where it is a thread. */
  readonly pid: number | null;
  readonly sessions: number;
  /** Over the last interval, in ms; null before the first one. */
  readonly eventLoopDelay: LoopDelay | null;
  readonly uplinkBytes: number;
  readonly downlinkBytes: number;
  /** Memory that its sessions hold for bytes that one side sent and the other has not taken yet, now. */
  readonly heldBytes: number;
}

/** Event-loop delay over one interval, in ms. */
export interface LoopDelay {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Counted since the start of the process, except where "now" is said. */
export interface TotalsView {
  /** Open, connecting and closing now. */
  readonly sessionsActive: number;
  readonly sessionsOpened: number;
  /** Sessions that failed before they were open. */
  readonly sessionsFailed: number;
  readonly operations: number;
  readonly uplinkBytes: number;
  readonly downlinkBytes: number;
  readonly workerRestarts: number;
  /** Operations whose status the cloud does not have yet, now. */
  readonly statusOutbox: number;
}

/** What became of one operation. */
export interface OperationView {
  readonly operationId: string;
  readonly deviceId: string;
  /** Where it wanted to go; null when the operation did not say so in a valid way. */
  readonly host: string | null;
  readonly port: number | null;
  /** Null until a conduit has allowed it, like the id of its session. */
  readonly conduit: string | null;
  readonly sessionId: string | null;
  /**
   * `refused` without a connection being tried, `waiting` for approval on site, `connecting`, `failed` while
   * connecting, `open`, or `ended` after it was open.
   */
  readonly outcome: OperationOutcome;
  /** Why it was refused or failed; null otherwise. */
  readonly code: FailureCode | null;
  /** One sentence for a person: of a failure, or how the session ended. */
  readonly reason: string | null;
  /** How its session ended, when it had been open; null also when the process that had it is gone without a word. */
  readonly endReason: EndReason | null;
  /** ISO 8601, UTC: when it was taken on or refused. */
  readonly startedAt: string;
  /** When it was refused, failed or ended; null before. */
  readonly endedAt: string | null;
  /** Of the session, once it ended. */
  readonly uplinkBytes: number | null;
  readonly downlinkBytes: number | null;
  /** Number of the generation that took it on. */
  readonly generation: number;
}

export type OperationOutcome = 'refused' | 'waiting' | 'connecting' | 'failed' | 'open' | 'ended';

/** What the agent keeps in memory of the last minutes; a restart forgets it, a reload does not. */
export interface ActivityView {
  /** Oldest first, one in about a second, for 15 minutes. */
  readonly samples: readonly ActivitySample[];
  /** Changes of the control connection, oldest first; the last one is how it is now. */
  readonly links: readonly LinkChange[];
  /** Operations that did not come to a session, by code, since the start of the agent. */
  readonly refusals: readonly RefusalCount[];
  /** The last reloads of the configuration, oldest first. */
  readonly reloads: readonly ReloadView[];
}

/** One reload, and what became of it. */
export interface ReloadView {
  /** ISO 8601, UTC. */
  readonly at: string;
  /** `refused`: the configuration before stays in force. */
  readonly outcome: 'applied' | 'refused';
  /** The first of what changed; empty when it was refused. */
  readonly changes: readonly ChangeView[];
  /** How many there are. */
  readonly changed: number;
  /** Sessions of the generation before that no longer complied, and were ended. */
  readonly sessionsEnded: number;
  /** Why it was refused, in sentences; empty when it was applied. */
  readonly problems: readonly string[];
}

/** One difference, with secrets masked; `(none)` stands for what is not there. */
export interface ChangeView {
  readonly key: string;
  readonly from: string;
  readonly to: string;
  /** Place in the file, of a conduit. */
  readonly at?: string;
}

export interface ActivitySample {
  /** Unix time in ms. */
  readonly atMs: number;
  /** Payload bytes per second since the sample before. */
  readonly uplinkRate: number;
  readonly downlinkRate: number;
  /** Connecting, open and closing, at that moment. */
  readonly sessions: number;
}

export interface LinkChange {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly state: CloudView['state'];
  readonly reason?: string;
}

export interface RefusalCount {
  readonly code: FailureCode;
  readonly count: number;
  /** ISO 8601, UTC. */
  readonly lastAt: string;
}
