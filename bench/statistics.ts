/** A series of measurements of one thing, in short. */
export interface Summary {
  readonly count: number;
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/**
 * The value below which the share `q` (0 to 1) of the values lies; between two values it is interpolated.
 * @throws RangeError when there are no values, or `q` is out of range.
 */
export function quantile(values: readonly number[], q: number): number {
  if (!(q >= 0 && q <= 1)) throw new RangeError(`a quantile is from 0 to 1, not ${q}`);
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * q;
  const below = sorted[Math.floor(place)];
  const above = sorted[Math.ceil(place)];
  if (below === undefined || above === undefined) throw new RangeError('there are no values');
  return below + (above - below) * (place - Math.floor(place));
}

/** The value in the middle; of an even number the mean of the two in the middle. @throws RangeError without values. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Median and range; undefined when there are no values. */
export function summary(values: readonly number[]): Summary | undefined {
  if (values.length === 0) return undefined;
  return {
    count: values.length,
    median: median(values),
    min: Math.min(...values),
    max: Math.max(...values),
  };
}

/** How many times the median of `base` that of `value` is; undefined when one is missing or the base is 0. */
export function ratio(value: Summary | undefined, base: Summary | undefined): number | undefined {
  if (value === undefined || base === undefined || base.median === 0) return undefined;
  return value.median / base.median;
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
