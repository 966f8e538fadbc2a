import type { Chart } from './charts.js';

/*
 * What runs in the page. Each function goes into it as text (Function.toString), so it must use nothing but its
 * parameters, what a browser has, and the other functions of this file.
 */

/** The little of a browser that is used here. */
interface Browser {
  readonly document: {
    getElementById(id: string): { readonly textContent: string } | null;
    querySelectorAll(selector: string): Iterable<Place>;
    readonly documentElement: unknown;
  };
  matchMedia(query: string): { addEventListener(event: 'change', listener: () => void): void };
  addEventListener(event: 'resize', listener: () => void): void;
  getComputedStyle(element: unknown): { getPropertyValue(name: string): string };
  readonly uPlot: new (options: unknown, data: unknown, place: Place) => Plot;
}

interface Place {
  readonly clientWidth: number;
  replaceChildren(): void;
}

interface Plot {
  setSize(size: { readonly width: number; readonly height: number }): void;
}

/** Draws every chart into its place, again when the colours change, and wider when the window does. */
export function drawAll(browser: Browser): void {
  const text = browser.document.getElementById('charts')?.textContent ?? '[]';
  const charts = JSON.parse(text) as Chart[];
  const places = [...browser.document.querySelectorAll('.plot')];
  const height = 250;
  let plots: Plot[] = [];
  const draw = (): void => {
    const style = browser.getComputedStyle(browser.document.documentElement);
    const colour = (name: string): string => style.getPropertyValue(name).trim();
    plots = charts.map((chart, index) => {
      const place = places[index] as Place;
      place.replaceChildren();
      const options = { ...plotOptions(chart, colour), width: place.clientWidth, height };
      return new browser.uPlot(options, [chart.x, ...chart.series.map(({ y }) => y)], place);
    });
  };
  draw();
  browser.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  browser.addEventListener('resize', () => {
    for (const [index, plot] of plots.entries()) {
      plot.setSize({ width: (places[index] as Place).clientWidth, height });
    }
  });
}

/** uPlot's options for one chart. */
export function plotOptions(chart: Chart, colour: (name: string) => string): object {
  const isPercentile = chart.across === 'percentile';
  const axis = {
    stroke: colour('--muted'),
    grid: { stroke: colour('--grid'), width: 1 },
    ticks: { stroke: colour('--grid'), width: 1 },
    font: '12px system-ui, sans-serif',
  };
  const across = isPercentile
    ? {
        splits: () => percentileMarks(chart.x),
        values: percentileLabels,
        filter: (_: unknown, all: unknown) => all,
      }
    : { values: (_: unknown, marks: number[]) => marks.map((mark) => acrossLabel(chart.across, mark)) };
  const upright = {
    size: 52,
    values: (_: unknown, marks: (number | null)[]) =>
      marks.map((mark) => (mark === null ? '' : amountLabel(mark))),
  };
  return {
    cursor: { points: { size: 7 }, drag: { x: !isPercentile, y: false } },
    scales: {
      x: isPercentile ? { time: false, distr: 3 } : { time: false },
      y: chart.isLog
        ? { distr: 3 }
        : { range: (_: unknown, low: number, high: number) => fromZero(low, high) },
    },
    axes: [
      { ...axis, ...across },
      { ...axis, ...upright },
    ],
    series: [
      {
        label: chart.across,
        value: (_: unknown, x: number | null) => (x === null ? '' : acrossLabel(chart.across, x)),
      },
      ...chart.series.map(({ label }, index) => {
        const stroke = colour(`--series-${index + 1}`);
        return {
          label,
          stroke,
          width: 2,
          spanGaps: true,
          value: (_: unknown, y: number | null) => (y === null ? '' : `${amountLabel(y)} ${chart.unit}`),
          ...(chart.isScatter
            ? { paths: () => null, points: { show: true, size: 6, stroke, fill: stroke } }
            : {}),
        };
      }),
    ],
  };
}

/** Where the axis of percentiles is marked: 50, 90, 99, 99.9 … per cent, as far as there are points. */
export function percentileMarks(x: readonly number[]): number[] {
  const last = x.at(-1) ?? 1;
  return [2, 10, 100, 1_000, 10_000, 100_000].filter((mark) => mark <= last);
}

export function percentileLabels(_: unknown, marks: readonly number[]): string[] {
  return marks.map((mark) => acrossLabel('percentile', mark));
}

/** A place on the axis across, in words. */
export function acrossLabel(across: Chart['across'], value: number): string {
  if (across === 'percentile') return `${Number((100 - 100 / value).toFixed(4))} %`;
  return across === 'time' ? `${Math.round(value * 10) / 10} s` : String(value);
}

/** About three digits. */
export function amountLabel(value: number): string {
  return value >= 100 || value === 0 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

/** A scale that begins at 0, with some room above; uPlot gives nulls when there is nothing to show. */
export function fromZero(_low: number | null, high: number | null): [number, number] {
  return [0, high === null || high <= 0 ? 1 : high * 1.08];
}

/** All of the above, and the call that starts it, as the text of a script. */
export function pageScript(): string {
  const functions = [
    drawAll,
    plotOptions,
    percentileMarks,
    percentileLabels,
    acrossLabel,
    amountLabel,
    fromZero,
  ];
  return `${functions.map(String).join('\n')}\ndrawAll(window);`;
}
