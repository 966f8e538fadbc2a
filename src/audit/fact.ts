import type { FailureCode } from '../../contract/failure.js';
import type { EndReason } from '../../contract/session-state.js';

/** Where in the configuration a permission stands. */
export interface ConduitPlace {
  readonly name: string;
  readonly file: string;
  readonly line: number;
}

/** What a session or a request is about; the fields that every record of it has. */
export interface Subject {
  /** Operation id in the cloud: one per session, and the thread through its records. */
  readonly operation: string;
  /** Managed-object id of the device. */
  readonly device: string;
  /** The session's id; absent when the request never became one. */
  readonly session?: string;
  /** Absent where the request did not name them in a way that can be understood. */
  readonly host?: string;
  readonly port?: number;
}

/** Who answered on site, as far as the way tells, and how: `dashboard`, `command line`, `file`, `MQTT` … */
export interface Answer {
  readonly by: string;
  readonly way: string;
}

/** What the operation tells of who asked; nothing of it is checked by anybody but the cloud. */
export interface Asked {
  /** When the cloud says that it created the operation, ISO 8601. */
  readonly at?: string;
  readonly description?: string;
  readonly deviceName?: string;
  /** External id of the device. */
  readonly deviceExternalId?: string;
  /** The user, where the cloud puts one into the operation. */
  readonly by?: string;
}

/** A process of the agent begins. Generations (reloads) begin one each. */
export interface StartFact {
  readonly type: 'start';
  readonly version: string;
  readonly generation: number;
  /** Generations that were alive then; none means that every session before this record is over. */
  readonly elders: readonly number[];
  /** SHA-256 of the effective configuration, secrets left out. */
  readonly config: string;
  readonly gateway: string;
  /**
   * How far the gateway's clock was ahead of the cloud's, in ms. Null: the cloud had not answered yet, and the time of
   * this record is the gateway's own; a `clock` record follows when the two turn out to differ.
   */
  readonly skewMs: number | null;
}

/** The cloud has answered, and its clock differs from the gateway's by what no record has told. */
export interface ClockFact {
  readonly type: 'clock';
  readonly generation: number;
  /** As in StartFact. */
  readonly skewMs: number;
}

/** A process of the agent ends. */
export interface StopFact {
  readonly type: 'stop';
  readonly generation: number;
  /** Sessions that it still had. */
  readonly sessions: number;
}

/** A generation applies a changed configuration to the sessions that it keeps. */
export interface ReloadFact {
  readonly type: 'reload';
  readonly generation: number;
  readonly before: string;
  readonly after: string;
  /** Keys that differ. */
  readonly changed: readonly string[];
}

/** A request was permitted, or refused. Permitted ones are on the disk before anything is dialled. */
export interface DecisionFact extends Subject {
  readonly type: 'decision';
  readonly generation: number;
  readonly verdict: 'allowed' | 'refused';
  /** With `allowed`. */
  readonly conduit?: ConduitPlace;
  /** With `allowed`: the addresses that were checked, and may be dialled. */
  readonly addresses?: readonly string[];
  /** With `refused`: why, as the cloud is told. */
  readonly code?: FailureCode;
  readonly sentence?: string;
  readonly asked?: Asked;
}

/** Somebody on site was asked. */
export interface ApprovalFact extends Subject {
  readonly type: 'approval';
  readonly generation: number;
  /** `withdrawn`: the session was ended while it waited. */
  readonly outcome: 'approved' | 'denied' | 'timeout' | 'withdrawn';
  /** As in Answer; with `approved` and `denied`. */
  readonly by?: string;
  readonly way?: string;
  /** Why not, with the other outcomes. */
  readonly sentence?: string;
}

/** Both connections are up; on the disk before SUCCESSFUL is reported. */
export interface OpenFact extends Subject {
  readonly type: 'open';
  readonly generation: number;
  readonly conduit: string;
  readonly setupMs: number;
}

/** The session is over. Every allowed decision is followed by exactly one of these, or by a refusal. */
export interface EndFact extends Subject {
  readonly type: 'end';
  readonly generation: number;
  /** File and line are missing where the log has lost the decision. */
  readonly conduit: Pick<ConduitPlace, 'name'> & Partial<ConduitPlace>;
  /** Who approved it on site. */
  readonly approved?: Answer;
  readonly asked?: Asked;
  /** `failed`: it never opened. */
  readonly outcome: 'ended' | 'failed';
  readonly reason: EndReason | FailureCode;
  readonly detail: string;
  /** When both sides were up, ISO 8601; null when they never were. */
  readonly openedAt: string | null;
  readonly endedAt: string;
  /** Null where nobody can know any more: the process was killed. */
  readonly durationMs: number | null;
  readonly uplinkBytes: number | null;
  readonly downlinkBytes: number | null;
}

/** Records that could not be kept while the disk did not take them. */
export interface LostFact {
  readonly type: 'lost';
  readonly count: number;
}

/** The first record of a chain. */
export interface GenesisFact {
  readonly type: 'genesis';
  /** Random, 128 bits in hex: no two chains have the same. */
  readonly chain: string;
  readonly format: number;
}

/** The first record of every further file of a chain. */
export interface ContinuedFact {
  readonly type: 'continued';
  readonly chain: string;
  /** Name of the file that ends with the record before this one; null: it was in none. Earlier versions say nothing. */
  readonly after: string | null;
  readonly format: number;
}

/** What stands between the record before this one and this one was not finished, or is damaged. */
export interface TornFact {
  readonly type: 'torn';
  readonly bytes: number;
  readonly sha256: string;
}

/** Records that were written are not there any more: the log was cut, or another one was put in its place. */
export interface CutFact {
  readonly type: 'cut';
  /** The last record that was known to be there. */
  readonly expectedSeq: number;
  readonly expectedHash: string;
  readonly expectedChain: string;
}

/** What the agent states. */
export type StatedFact =
  StartFact | StopFact | ReloadFact | ClockFact | DecisionFact | ApprovalFact | OpenFact | EndFact | LostFact;

/** What keeps the chain together. */
export type ChainFact = GenesisFact | ContinuedFact | TornFact | CutFact;

/** One record as it is to be written; `at` is when it happened, ISO 8601. */
export type AuditFact = (StatedFact | ChainFact) & { readonly at: string };
