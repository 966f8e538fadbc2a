import type { ProcessUsage } from '../measure/process-usage.js';
import { machine } from '../measure/machine.js';
import type { Measured } from '../load-run.js';
import type { LocalOptions, RemoteOptions } from '../options.js';
import { PROFILES } from '../profiles.js';
import type { AgentWarning } from '../processes/agent-log.js';
import type { AgentSummary, CpuUse, LoadReport, Second, Totals } from './load-report.js';
import { notesOf } from './notes.js';

const GIB = 2 ** 30;

/** With fewer sessions the heap's own ups and downs hide what they take. */
const MANY_SESSIONS = 500;

export interface BuildOptions {
  readonly options: LocalOptions | RemoteOptions;
  readonly measured: Measured;
  /** As it was typed. */
  readonly command: string;
  readonly warnings: readonly AgentWarning[];
}

/** The report of a run. */
export function buildReport({ options, measured, command, warnings }: BuildOptions): LoadReport {
  const { cloudEnd, seconds, operations, usage, durationS } = measured;
  const totals = totalsOf(measured);
  const cpu = (name: keyof typeof usage.after): CpuUse | undefined => {
    const after = usage.after[name];
    return after && cpuUse(usage.before[name], after, durationS);
  };
  const agent = cpu('agent');
  const report: Omit<LoadReport, 'notes'> = {
    format: 'gatehouse-load-report-1',
    startedAt: measured.startedAt.toISOString(),
    command,
    isGood: totals.errors === 0 && totals.setUps > 0,
    wasInterrupted: measured.wasInterrupted,
    mode: options.mode,
    profile: options.profile,
    profileSummary: PROFILES[options.profile].summary,
    sessions: options.sessions,
    minutes: options.minutes,
    rampPerSecond: options.ramp,
    tls: options.mode === 'local' ? options.tls : undefined,
    machine: machine(),
    totals,
    latency: cloudEnd.latency,
    setUp: cloudEnd.setUp,
    operations,
    agent: agent && agentSummary(agent, measured, totals, warnings),
    generator: {
      cloudEnd: cpu('cloudEnd') ?? { cpuS: undefined, cores: undefined },
      targetEnd: cpu('targetEnd'),
      controlPlane: cpu('controlPlane'),
    },
    errors: cloudEnd.errors,
    seconds,
  };
  return { ...report, notes: notesOf(report, measured) };
}

function totalsOf({ cloudEnd, seconds, durationS }: Measured): Totals {
  const { counts } = cloudEnd;
  return {
    durationS,
    setUps: counts.setUps,
    openSessionsMax: largest(seconds, ({ openSessions }) => openSessions) ?? counts.setUps,
    exchanges: counts.exchanges,
    uplinkBytes: counts.receivedBytes,
    downlinkBytes: counts.sentBytes,
    verifiedUplinkBytes: counts.verifiedUplinkBytes,
    verifiedDownlinkBytes: counts.verifiedDownlinkBytes,
    errors: counts.errors,
  };
}

function agentSummary(
  { cpuS, cores }: CpuUse,
  { usage, seconds, pssBytes, agentView }: Measured,
  totals: Totals,
  warnings: readonly AgentWarning[],
): AgentSummary {
  const gib = (totals.uplinkBytes + totals.downlinkBytes) / GIB;
  // A process that has just started holds garbage of its start, which it gives back within the first second.
  const rssBytesBefore = smallest([usage.before.agent?.rssBytes, seconds[0]?.agentRssBytes]);
  const rssBytesMax = largest(seconds, ({ agentRssBytes }) => agentRssBytes);
  const grownBytes =
    rssBytesBefore === undefined || rssBytesMax === undefined ? undefined : rssBytesMax - rssBytesBefore;
  return {
    cpuS,
    cores,
    cpuSPerGib: cpuS === undefined || gib === 0 ? undefined : cpuS / gib,
    cpuUsPerExchange:
      cpuS === undefined || totals.exchanges === 0 ? undefined : (cpuS * 1e6) / totals.exchanges,
    rssBytesBefore,
    rssBytesMax,
    pssBytes,
    rssBytesPerSession:
      grownBytes === undefined || totals.openSessionsMax < MANY_SESSIONS
        ? undefined
        : Math.max(0, grownBytes / totals.openSessionsMax),
    workers: agentView?.workers,
    workerRestarts: agentView?.workerRestarts,
    uplinkBytes: agentView?.uplinkBytes,
    downlinkBytes: agentView?.downlinkBytes,
    warnings,
  };
}

function cpuUse(before: ProcessUsage | undefined, after: ProcessUsage, durationS: number): CpuUse {
  if (before?.cpuS === undefined || after.cpuS === undefined) return { cpuS: undefined, cores: undefined };
  const cpuS = after.cpuS - before.cpuS;
  return { cpuS, cores: cpuS / durationS };
}

function smallest(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

function largest(
  seconds: readonly Second[],
  read: (second: Second) => number | undefined,
): number | undefined {
  const values = seconds.flatMap((second) => read(second) ?? []);
  return values.length === 0 ? undefined : values.reduce((left, right) => Math.max(left, right));
}
