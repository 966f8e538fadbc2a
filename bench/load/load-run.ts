import { setTimeout as pause } from 'node:timers/promises';
import type { CloudEndSummary } from './ends/cloud-end.js';
import { proportionalBytes } from './measure/process-usage.js';
import type { LocalOptions, RemoteOptions } from './options.js';
import type { ControlPlaneSummary } from './processes/control-plane.js';
import type { Second } from './report/load-report.js';
import { START_MS, type Rig } from './rig.js';
import { Sampler, usageOf, type Usages } from './sampler.js';
import { idleAgentView, type AgentView } from './measure/agent-view.js';

/** Time between two looks, in ms. */
const SAMPLE_EVERY_MS = 1_000;

/** Longest wait for the sessions' end, in ms: the cloud end itself gives up after 15 s. */
const STOP_MS = 25_000;

/** Everything that was measured, before it is put into words. */
export interface Measured {
  readonly startedAt: Date;
  readonly durationS: number;
  readonly seconds: readonly Second[];
  readonly cloudEnd: CloudEndSummary;
  readonly operations: ControlPlaneSummary | undefined;
  /** Before the first session, and after the last one said farewell. */
  readonly usage: { readonly before: Usages; readonly after: Usages };
  /** Of the agent, with all sessions open, in bytes. */
  readonly pssBytes: number | undefined;
  readonly agentView: AgentView | undefined;
  /** Bytes of requests that the target end found right; undefined in remote runs. */
  readonly targetVerifiedBytes: number | undefined;
  readonly wasInterrupted: boolean;
}

export interface LoadRunOptions {
  readonly options: LocalOptions | RemoteOptions;
  readonly rig: Rig;
  /** Ends the run early; what was measured counts. */
  readonly signal: AbortSignal;
  /** Each second. */
  readonly onSecond: (second: Second) => void;
}

/** Runs a load on a rig that is up, from the first session to the last. @throws Error when one of the processes is lost. */
export async function runLoad({ options, rig, signal, onSecond }: LoadRunOptions): Promise<Measured> {
  const { profile, sessions, ramp, seed, minutes } = options;
  const { cloudEnd, local } = rig;
  const startedAt = new Date();
  const before = usageOf(rig);
  const sampler = Sampler.begin(rig);
  await cloudEnd.call('start', { profile, sessions, rampPerSecond: ramp, seed }, START_MS);
  const seconds: Second[] = [];
  const endsAtMs = performance.now() + minutes * 60_000;
  while (performance.now() < endsAtMs && !signal.aborted) {
    const waitMs = Math.min(SAMPLE_EVERY_MS, Math.max(1, endsAtMs - performance.now()));
    await pause(waitMs, undefined, { signal }).catch(() => undefined);
    const second = await sampler.sample();
    seconds.push(second);
    onSecond(second);
  }
  const durationS = sampler.elapsedS;
  const pssBytes = local && proportionalBytes(local.agent.pid);
  const summary = await cloudEnd.call('stop', undefined, STOP_MS);
  const after = usageOf(rig);
  // First the agent is done, then what it told the cloud is complete.
  const agentView = local && (await idleAgentView(local.agent.adminUrl));
  return {
    startedAt,
    durationS,
    seconds,
    cloudEnd: summary,
    operations: await local?.controlPlane.call('summary', undefined, START_MS),
    usage: { before, after },
    pssBytes,
    agentView,
    targetVerifiedBytes: (await local?.targetEnd.call('sample', undefined, START_MS))?.verifiedBytes,
    wasInterrupted: signal.aborted,
  };
}
