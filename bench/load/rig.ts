import type { Child } from './processes/child.js';
import type { Agent } from './processes/agent.js';
import type { CloudCalls } from './processes/cloud-process.js';
import type { ControlPlaneCalls } from './processes/control-plane-process.js';
import type { TargetCalls } from './processes/target-process.js';

/** The processes of a run. */
export interface Rig {
  readonly cloudEnd: Child<CloudCalls>;
  /** In local runs. */
  readonly local: LocalParts | undefined;
  /** Ends all of them; resolves when they are gone. */
  stop(): Promise<void>;
}

/** What a remote run finds at the other side instead. */
export interface LocalParts {
  readonly agent: Agent;
  readonly controlPlane: Child<ControlPlaneCalls>;
  readonly targetEnd: Child<TargetCalls>;
}

/** Longest wait for a process to be started, in ms. */
export const START_MS = 20_000;
