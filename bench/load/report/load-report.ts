import type { ErrorCount } from '../measure/error-tally.js';
import type { Distribution, Percentiles } from '../measure/latencies.js';
import type { Machine } from '../measure/machine.js';
import type { AgentWarning } from '../processes/agent-log.js';
import type { OperationCounts } from '../processes/control-plane.js';

/** One line of the plots. What could not be measured is absent. Uplink is target to cloud, downlink cloud to target. */
export interface Second {
  /** Since the first session was asked for, in s. */
  readonly atS: number;
  readonly openSessions: number;
  readonly setUpsPerS: number;
  readonly exchangesPerS: number;
  readonly uplinkBytesPerS: number;
  readonly downlinkBytesPerS: number;
  /** Errors so far. */
  readonly errors: number;
  readonly latency?: Percentiles | undefined;
  /** From creating an operation until it was SUCCESSFUL. */
  readonly operation?: Percentiles | undefined;
  readonly agentCores?: number | undefined;
  readonly agentRssBytes?: number | undefined;
  readonly mainLoopMs?: number | undefined;
  readonly workerLoopMs?: number | undefined;
  readonly cloudEndCores?: number | undefined;
  readonly targetEndCores?: number | undefined;
  readonly controlPlaneCores?: number | undefined;
}

/** What a process used over the run. */
export interface CpuUse {
  readonly cpuS: number | undefined;
  /** Mean over the run. */
  readonly cores: number | undefined;
}

export interface AgentSummary extends CpuUse {
  /** Of all bytes in both directions. */
  readonly cpuSPerGib: number | undefined;
  readonly cpuUsPerExchange: number | undefined;
  readonly rssBytesBefore: number | undefined;
  readonly rssBytesMax: number | undefined;
  /** With the most sessions open, near the end of the run. */
  readonly pssBytes: number | undefined;
  /** Growth of the resident memory from before the first session, divided by the most sessions open; from 500 sessions on. */
  readonly rssBytesPerSession: number | undefined;
  readonly workers: number | undefined;
  readonly workerRestarts: number | undefined;
  /** As the agent itself counted them. */
  readonly uplinkBytes: number | undefined;
  readonly downlinkBytes: number | undefined;
  readonly warnings: readonly AgentWarning[];
}

export interface Totals {
  readonly durationS: number;
  readonly setUps: number;
  readonly openSessionsMax: number;
  readonly exchanges: number;
  /** Bytes with the headers of the traffic protocol, without those of WebSocket and TLS. */
  readonly uplinkBytes: number;
  readonly downlinkBytes: number;
  /** Of exchanges in which every byte was compared at both ends. */
  readonly verifiedUplinkBytes: number;
  readonly verifiedDownlinkBytes: number;
  readonly errors: number;
}

/** The JSON report; the page shows the same. Times in ms where a name does not say otherwise. */
export interface LoadReport {
  readonly format: 'gatehouse-load-report-1';
  readonly startedAt: string;
  readonly command: string;
  /** True when every byte was right and every session ended by plan. */
  readonly isGood: boolean;
  /** Ctrl-C ended it before its time. */
  readonly wasInterrupted: boolean;
  readonly mode: 'local' | 'remote';
  readonly profile: string;
  readonly profileSummary: string;
  readonly sessions: number;
  readonly minutes: number;
  readonly rampPerSecond: number;
  readonly tls: boolean | undefined;
  readonly machine: Machine;
  readonly totals: Totals;
  readonly latency: Distribution;
  /** From asking for a session until its first answer. */
  readonly setUp: Distribution;
  /** Operations, in local runs. */
  readonly operations:
    | {
        readonly counts: OperationCounts;
        readonly executing: Distribution;
        readonly successful: Distribution;
      }
    | undefined;
  /** In local runs. */
  readonly agent: AgentSummary | undefined;
  readonly generator: {
    readonly cloudEnd: CpuUse;
    readonly targetEnd: CpuUse | undefined;
    readonly controlPlane: CpuUse | undefined;
  };
  readonly errors: readonly ErrorCount[];
  /** What a reader should know about the figures. */
  readonly notes: readonly string[];
  readonly seconds: readonly Second[];
}
