import type { Measured } from '../load-run.js';
import type { LoadReport } from './load-report.js';

/** Share of a core above which a process counts as busy all the time. */
const BUSY_CORES = 0.9;

/** Share of the machine above which everything on it waits for a processor. */
const FULL_SHARE = 0.9;

/** What a reader should know before believing the figures; empty when there is nothing. */
export function notesOf(report: Omit<LoadReport, 'notes'>, measured: Measured): string[] {
  return [
    ...interruption(report),
    ...bottleneck(report),
    ...fullMachine(report),
    ...unmeasured(report),
    ...differences(report, measured),
    ...agentTroubles(report),
  ];
}

function interruption({ wasInterrupted, totals }: Omit<LoadReport, 'notes'>): string[] {
  return wasInterrupted ? [`The run was ended after ${totals.durationS.toFixed(1)} s, before its time.`] : [];
}

function bottleneck({ generator, agent }: Omit<LoadReport, 'notes'>): string[] {
  const parts: readonly (readonly [string, number | undefined])[] = [
    ['cloud end', generator.cloudEnd.cores],
    ['target end', generator.targetEnd?.cores],
    ['control plane', generator.controlPlane?.cores],
  ];
  const busy = parts.filter(([, cores]) => (cores ?? 0) > BUSY_CORES).map(([name]) => name);
  if (busy.length === 0 || (agent?.cores ?? 0) > BUSY_CORES) return [];
  return [`The generator was the bottleneck (${busy.join(', ')}): the agent could have carried more.`];
}

function fullMachine({ generator, agent, machine }: Omit<LoadReport, 'notes'>): string[] {
  const { cloudEnd, targetEnd, controlPlane } = generator;
  const used = [agent, cloudEnd, targetEnd, controlPlane].reduce((sum, part) => sum + (part?.cores ?? 0), 0);
  if (agent === undefined || used < FULL_SHARE * machine.cores) return [];
  const share = `${used.toFixed(1)} of ${machine.cores} processors`;
  return [
    `Agent and generator together kept ${share} busy: latencies and throughput are those of a full machine; CPU time per GiB still holds.`,
  ];
}

function unmeasured({ generator, mode }: Omit<LoadReport, 'notes'>): string[] {
  if (generator.cloudEnd.cpuS !== undefined) {
    return mode === 'local' ? [] : ["The agent's CPU and memory are not seen from here in a remote run."];
  }
  return ['CPU time and memory of processes are read from /proc, which this system does not have.'];
}

/** Both ends count what they found right; the ends of a run without errors must agree. */
function differences({ totals }: Omit<LoadReport, 'notes'>, { targetVerifiedBytes }: Measured): string[] {
  if (targetVerifiedBytes === undefined || totals.errors > 0) return [];
  if (targetVerifiedBytes === totals.verifiedDownlinkBytes) return [];
  return [
    `The target end verified ${targetVerifiedBytes} bytes, the cloud end counts ${totals.verifiedDownlinkBytes}: a session was cut off by the end of the run.`,
  ];
}

function agentTroubles({ agent }: Omit<LoadReport, 'notes'>): string[] {
  const warnings = (agent?.warnings ?? []).map(
    ({ level, message, count }) => `The agent logged (${level}, ${count} times): ${message}`,
  );
  const restarts = agent?.workerRestarts ?? 0;
  return restarts === 0 ? warnings : [`${restarts} worker threads of the agent died.`, ...warnings];
}
