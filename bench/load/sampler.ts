import { agentView } from './measure/agent-view.js';
import { processUsage, type ProcessUsage } from './measure/process-usage.js';
import type { CloudEndSample } from './ends/cloud-end.js';
import type { Second } from './report/load-report.js';
import type { Rig } from './rig.js';

/** Longest wait for a sample, in ms: a process that is busier than this ends the run. */
const SAMPLE_MS = 30_000;

/** Looks at every process of a run at once; the differences of two looks make a second of the report. */
export class Sampler {
  readonly #rig: Rig;
  readonly #startedAtMs = performance.now();
  #before: Look;

  private constructor(rig: Rig, first: Look) {
    this.#rig = rig;
    this.#before = first;
  }

  /** @param first what had been used before the first session. */
  static begin(rig: Rig): Sampler {
    return new Sampler(rig, { atMs: performance.now(), usage: usageOf(rig), cloudEnd: undefined });
  }

  /** Time since the beginning, in s. */
  get elapsedS(): number {
    return (performance.now() - this.#startedAtMs) / 1_000;
  }

  async sample(): Promise<Second> {
    const { cloudEnd, local } = this.#rig;
    const [sample, operations, view] = await Promise.all([
      cloudEnd.call('sample', undefined, SAMPLE_MS),
      local?.controlPlane.call('sample', undefined, SAMPLE_MS),
      local === undefined ? undefined : agentView(local.agent.adminUrl),
    ]);
    const before = this.#before;
    const now: Look = { atMs: performance.now(), usage: usageOf(this.#rig), cloudEnd: sample };
    this.#before = now;
    const perS = 1_000 / Math.max(1, now.atMs - before.atMs);
    const rate = (read: (counts: CloudEndSample['counts']) => number): number =>
      perS * (read(sample.counts) - (before.cloudEnd === undefined ? 0 : read(before.cloudEnd.counts)));
    const cores = (name: keyof Usages): number | undefined =>
      difference(now.usage[name]?.cpuS, before.usage[name]?.cpuS, perS);
    return {
      atS: (now.atMs - this.#startedAtMs) / 1_000,
      openSessions: sample.counts.openSessions,
      setUpsPerS: rate(({ setUps }) => setUps),
      exchangesPerS: rate(({ exchanges }) => exchanges),
      uplinkBytesPerS: rate(({ receivedBytes }) => receivedBytes),
      downlinkBytesPerS: rate(({ sentBytes }) => sentBytes),
      errors: sample.counts.errors,
      latency: sample.latency,
      operation: operations?.successful,
      agentCores: cores('agent'),
      agentRssBytes: now.usage.agent?.rssBytes,
      mainLoopMs: view?.mainLoopMs,
      workerLoopMs: view?.workerLoopMs,
      cloudEndCores: cores('cloudEnd'),
      targetEndCores: cores('targetEnd'),
      controlPlaneCores: cores('controlPlane'),
    };
  }
}

/** Of every process, as far as it is on this machine. */
export interface Usages {
  readonly cloudEnd: ProcessUsage | undefined;
  readonly agent: ProcessUsage | undefined;
  readonly targetEnd: ProcessUsage | undefined;
  readonly controlPlane: ProcessUsage | undefined;
}

interface Look {
  readonly atMs: number;
  readonly usage: Usages;
  readonly cloudEnd: CloudEndSample | undefined;
}

/** What each process used so far. */
export function usageOf({ cloudEnd, local }: Rig): Usages {
  return {
    cloudEnd: processUsage(cloudEnd.pid),
    agent: local && processUsage(local.agent.pid),
    targetEnd: local && processUsage(local.targetEnd.pid),
    controlPlane: local && processUsage(local.controlPlane.pid),
  };
}

function difference(now: number | undefined, before: number | undefined, factor: number): number | undefined {
  return now === undefined || before === undefined ? undefined : (now - before) * factor;
}
