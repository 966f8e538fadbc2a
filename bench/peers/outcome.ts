import { ratio, summary, type Summary } from '../statistics.js';
import type { Figures } from './figures.js';
import { METRICS } from './metric.js';
import type { Workload } from './workload.js';

/** One run, as it is kept. */
export interface RunRecord {
  readonly round: number;
  readonly workload: Workload;
  readonly peer: string;
  /** Times it was run; all but the last were disturbed. */
  readonly attempts: number;
  readonly figures?: Figures;
  /** Why there are none. */
  readonly error?: string;
}

/** What all runs of one peer at one workload show together. */
export interface Row {
  readonly peer: string;
  /** One for each metric of the workload; undefined where there is no figure. */
  readonly summaries: readonly (Summary | undefined)[];
  /** Of the first metric, to the base's; above 1 is more, whether that is better or not. */
  readonly ratio: number | undefined;
  /** Median shares of a core. */
  readonly peerShare: number | undefined;
  readonly generatorShare: number | undefined;
  /** What to know about the figures. */
  readonly remarks: readonly string[];
}

/** The rows of a workload, in the order of `peers`, with ratios to the peer named `baseline`. */
export function rows(
  workload: Workload,
  records: readonly RunRecord[],
  peers: readonly string[],
  baseline: string,
): Row[] {
  const [first] = METRICS[workload];
  const of = (peer: string): readonly RunRecord[] =>
    records.filter((record) => record.peer === peer && record.workload === workload);
  const summarised = (peer: string): Summary | undefined => summary(values(counting(of(peer)), first.of));
  return peers.map((peer) => {
    const used = counting(of(peer));
    return {
      peer,
      summaries: METRICS[workload].map((metric) => summary(values(used, metric.of))),
      ratio: ratio(summarised(peer), summarised(baseline)),
      peerShare: summary(values(used, (figures) => figures.peerShare))?.median,
      generatorShare: summary(values(used, (figures) => figures.generatorShare))?.median,
      remarks: remarks(of(peer), used),
    };
  });
}

/** The undisturbed runs; when there is none, all that gave figures. */
function counting(records: readonly RunRecord[]): Figures[] {
  const all = records.flatMap(({ figures }) => (figures === undefined ? [] : [figures]));
  const calm = all.filter(({ isDisturbed }) => !isDisturbed);
  return calm.length > 0 ? calm : all;
}

function values(
  figures: readonly Figures[],
  of: (figures: Figures) => number | undefined,
): readonly number[] {
  return figures.map(of).filter((value) => value !== undefined);
}

function remarks(records: readonly RunRecord[], used: readonly Figures[]): string[] {
  const disturbed = used.filter(({ isDisturbed }) => isDisturbed).length;
  const bound = used.filter(({ isGeneratorBound }) => isGeneratorBound).length;
  const error = records.find((record) => record.error !== undefined)?.error;
  return [
    ...(disturbed > 0 ? ['disturbed'] : []),
    ...(bound * 2 > used.length ? ['generator-bound'] : []),
    ...(error === undefined ? [] : [`failed: ${error.split('\n')[0] ?? ''}`]),
  ];
}
