import { sum } from '../statistics.js';
import type { Span } from '../traffic/measurement.js';
import type { RoundTrips } from '../traffic/tally.js';

/** Processor time that somebody else (or the hypervisor) may take in a window, as a share of one core. */
export const DISTURBED_SHARE = 0.08;

/** Above this share of its core the generator may be what limits a run. */
const BOUND_SHARE = 0.9;

const GIB = 2 ** 30;
const MIB = 2 ** 20;
const MS_PER_SECOND = 1_000;

/** One window of a run, seen from all sides. Times in seconds. */
export interface Window extends Span {
  /** Processor time of the peer, all of its processes. */
  readonly peerCpuSeconds: number;
  /** Processor time on the machine that is neither the peer's, the generator's nor the bench's. */
  readonly foreignCpuSeconds: number;
  readonly stealSeconds: number;
}

/** What a run shows. Shares are of one core. */
export interface Figures {
  readonly mibPerSecond: number;
  readonly cpuSecondsPerGib: number | undefined;
  readonly setupsPerSecond: number;
  readonly cpuMsPerSetup: number | undefined;
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
  readonly peerShare: number;
  readonly generatorShare: number;
  /** Most of its windows were disturbed: the figures stand for what they are. */
  readonly isDisturbed: boolean;
  /** The generator had no more to give while the peer had: throughput is the generator's. */
  readonly isGeneratorBound: boolean;
}

/** The figures of a run: of its undisturbed windows when those are at least half, else of all. */
export function figures(windows: readonly Window[], roundTrips: RoundTrips | undefined): Figures {
  const calm = windows.filter((window) => !isDisturbed(window));
  const isMostlyDisturbed = calm.length * 2 < windows.length || calm.length === 0;
  const used = isMostlyDisturbed ? windows : calm;
  const seconds = sum(used.map((window) => window.seconds));
  const bytes = sum(used.map(({ upBytes, downBytes }) => upBytes + downBytes));
  const setups = sum(used.map((window) => window.setups));
  const peerCpu = sum(used.map((window) => window.peerCpuSeconds));
  const peerShare = peerCpu / seconds;
  const generatorShare = sum(used.map((window) => window.generatorCpuSeconds)) / seconds;
  return {
    mibPerSecond: bytes / MIB / seconds,
    cpuSecondsPerGib: bytes === 0 ? undefined : peerCpu / (bytes / GIB),
    setupsPerSecond: setups / seconds,
    cpuMsPerSetup: setups === 0 ? undefined : (peerCpu * MS_PER_SECOND) / setups,
    p50Ms: roundTrips?.p50Ms,
    p99Ms: roundTrips?.p99Ms,
    peerShare,
    generatorShare,
    isDisturbed: isMostlyDisturbed,
    isGeneratorBound: generatorShare > BOUND_SHARE && peerShare < BOUND_SHARE,
  };
}

function isDisturbed({ seconds, foreignCpuSeconds, stealSeconds }: Window): boolean {
  return foreignCpuSeconds > DISTURBED_SHARE * seconds || stealSeconds > DISTURBED_SHARE * seconds;
}
