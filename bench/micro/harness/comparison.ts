/** One bench on both sides, over all rounds. Times in ns; a ratio is B divided by A, so below 1 B is faster. */
export interface BenchComparison {
  readonly name: string;
  readonly a: Range;
  readonly b: Range;
  /** Of the rounds' own ratios: both sides of a round ran next to each other. */
  readonly ratio: Range;
  /** Rounds in which B was faster; where neither is, about half of them. */
  readonly wins: number;
  /** `unclear` while the times of the two sides overlap. */
  readonly verdict: 'faster' | 'slower' | 'unclear';
}

/** The median of some values with the smallest and the largest of them. */
export interface Range {
  readonly low: number;
  readonly median: number;
  readonly high: number;
}

/** @throws RangeError when there are no values. */
export function rangeOf(values: readonly number[]): Range {
  const sorted = [...values].sort((x, y) => x - y);
  const at = (place: number): number => {
    const value = sorted[place];
    if (value === undefined) throw new RangeError('there is no median of no values');
    return value;
  };
  const last = sorted.length - 1;
  return { low: at(0), median: (at(Math.floor(last / 2)) + at(Math.ceil(last / 2))) / 2, high: at(last) };
}

/** Whether two ranges have a value in common; touching counts. */
export function overlap(one: Range, other: Range): boolean {
  return one.low <= other.high && other.low <= one.high;
}

/**
 * Compares the medians that each round found for one bench; `aNs[i]` and `bNs[i]` are of the same round.
 * @throws RangeError when the sides have no round or a different number of them.
 */
export function compareRounds(name: string, aNs: readonly number[], bNs: readonly number[]): BenchComparison {
  if (aNs.length !== bNs.length) throw new RangeError(`${name}: the sides differ in their number of rounds`);
  const a = rangeOf(aNs);
  const b = rangeOf(bNs);
  const ratios = bNs.map((ns, round) => ns / (aNs[round] ?? NaN));
  const wins = ratios.filter((ratio) => ratio < 1).length;
  return { name, a, b, ratio: rangeOf(ratios), wins, verdict: verdict(a, b) };
}

function verdict(a: Range, b: Range): BenchComparison['verdict'] {
  if (overlap(a, b)) return 'unclear';
  return b.median < a.median ? 'faster' : 'slower';
}

/** The sides of each round in the order they run: A B, B A, A B … so that a drift of the machine hits both alike. */
export function sidesOf(round: number): readonly ['a', 'b'] | readonly ['b', 'a'] {
  return round % 2 === 0 ? ['a', 'b'] : ['b', 'a'];
}

/** The names on both sides, and those on one side only; each in the order of its side. */
export function matchNames(a: readonly string[], b: readonly string[]): NameMatch {
  return {
    both: b.filter((name) => a.includes(name)),
    onlyA: a.filter((name) => !b.includes(name)),
    onlyB: b.filter((name) => !a.includes(name)),
  };
}

export interface NameMatch {
  readonly both: readonly string[];
  readonly onlyA: readonly string[];
  readonly onlyB: readonly string[];
}
