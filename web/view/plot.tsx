import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { HISTORY_MS } from '../model/dashboard.js';
import { useMedia } from './use-media.js';

/** Height of the drawing, in pixels. */
const HEIGHT = 116;

export interface Line {
  readonly name: string;
  /** CSS custom property with its colour. */
  readonly colour: string;
  readonly values: readonly (number | null)[];
}

export interface PlotProps {
  readonly title: string;
  /** In s. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  readonly nowMs: number;
  /** Distance of the marks of the value axis. */
  readonly step: (highest: number) => number;
  readonly format: (value: number) => string;
  /** The same for the marks of the axis. */
  readonly mark: (value: number) => string;
  /** Says in a sentence what the plot shows. */
  readonly summary: string;
  /** Corners instead of slopes, for what is counted. */
  readonly isStepped?: boolean;
}

/** One plot of the last 15 minutes. The numbers beside its title are those under the pointer, else the newest. */
export function Plot(props: PlotProps) {
  const { title, times, lines, nowMs, summary, format } = props;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const [pointed, setPointed] = useState<number>();
  const isDark = useMedia('(prefers-color-scheme: dark)');

  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const made = draw(element, latest, setPointed);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [isDark]);

  useEffect(() => plot.current?.setData(columns(latest.current)), [times, isDark]);

  const index = pointed !== undefined && pointed < times.length ? pointed : times.length - 1;
  const time = pointed === undefined ? undefined : times[index];
  return (
    <section class="card plot" aria-label={title}>
      <div class="card-head">
        <h2>{title}</h2>
        {lines.map(({ name, colour, values }) => (
          <span key={name} class="reading">
            <span class="swatch" style={{ background: `var(${colour})` }} aria-hidden="true" />
            {name === '' ? null : <span class="reading-name">{name}</span>}
            <strong>{format(values[index] ?? 0)}</strong>
          </span>
        ))}
        <span class="gap" />
        <span class="plot-time">
          {time === undefined ? 'last 15 minutes' : secondsAgo(nowMs / 1_000 - time)}
        </span>
      </div>
      <div class="drawing" role="img" aria-label={summary} ref={place} />
    </section>
  );
}

function secondsAgo(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s ago`;
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s ago`;
}

function columns({ times, lines }: PlotProps): uPlot.AlignedData {
  return [[...times], ...lines.map(({ values }) => [...values])] as uPlot.AlignedData;
}

function draw(
  element: HTMLElement,
  latest: { readonly current: PlotProps },
  onPoint: (index: number | undefined) => void,
): uPlot {
  const styles = getComputedStyle(element);
  const colour = (name: string): string => styles.getPropertyValue(name).trim();
  const axis = {
    stroke: colour('--muted'),
    font: `11px ${styles.fontFamily}`,
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
  };
  const { lines, isStepped = false } = latest.current;
  const stepped = isStepped ? uPlot.paths.stepped?.({ align: 1 }) : undefined;
  const options: uPlot.Options = {
    width: element.clientWidth,
    height: HEIGHT,
    padding: [8, 16, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 5 } },
    scales: {
      x: { time: true, range: () => range(latest.current) },
      y: { range: (_, _lowest, highest) => [0, top(latest.current, highest)] },
    },
    axes: [
      { ...axis, size: 24, gap: 5, space: 60, values: (_, splits) => splits.map(hoursAndMinutes) },
      {
        ...axis,
        size: 66,
        gap: 4,
        splits: (_, _index, _lowest, highest) => marks(latest.current, highest),
        values: (_, splits) => splits.map((value) => latest.current.mark(value)),
      },
    ],
    series: [
      {},
      ...lines.map((line) => ({
        label: line.name,
        stroke: colour(line.colour),
        fill: `${colour(line.colour)}22`,
        width: 1.5,
        points: { show: false },
        spanGaps: false,
        ...(stepped === undefined ? {} : { paths: stepped }),
      })),
    ],
    hooks: {
      setCursor: [({ cursor: { idx, left = -1 } }) => onPoint(left < 0 ? undefined : (idx ?? undefined))],
    },
  };
  return new uPlot(options, columns(latest.current), element);
}

/** Always the whole 15 minutes, so that the plot of a young agent does not stretch. */
function range({ nowMs }: PlotProps): [number, number] {
  return [(nowMs - HISTORY_MS) / 1_000, nowMs / 1_000];
}

/** The highest mark: the next one above the highest value. */
function top({ step }: PlotProps, highest: number | null): number {
  const distance = step(highest ?? 0);
  return Math.max(1, Math.ceil((highest ?? 0) / distance)) * distance;
}

function marks({ step }: PlotProps, highest: number): number[] {
  const distance = step(highest);
  return Array.from({ length: Math.round(highest / distance) + 1 }, (_, index) => index * distance);
}

function hoursAndMinutes(seconds: number): string {
  const date = new Date(seconds * 1_000);
  return `${String(date.getHours()).padStart(2, '0')}:${String(date.getMinutes()).padStart(2, '0')}`;
}
