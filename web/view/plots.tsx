import { useMemo } from 'preact/hooks';
import type { Dashboard } from '../model/dashboard.js';
import * as format from '../model/format.js';
import { byteSteps, peak, plotData } from '../model/plot-data.js';
import { Plot } from './plot.js';

/** Marks above zero on the value axis of a plot. */
const MARKS = 4;

/** Throughput and number of sessions over the last 15 minutes. */
export function Plots({ dashboard: { samples, atMs } }: { readonly dashboard: Dashboard }) {
  const { times, uplink, downlink, sessions } = useMemo(() => plotData(samples), [samples]);
  const [up, down, count] = [uplink, downlink, sessions].map((values) => values.at(-1) ?? 0);
  const throughput = [
    `Now ${rate(up ?? 0)} up and ${rate(down ?? 0)} down.`,
    `At most ${rate(peak(uplink))} up and ${rate(peak(downlink))} down in the last 15 minutes.`,
  ];
  const many = format.many(count ?? 0, 'session');
  return (
    <div class="plots">
      <Plot
        title="Throughput"
        times={times}
        nowMs={atMs}
        lines={[
          { name: 'up', colour: '--up', values: uplink },
          { name: 'down', colour: '--down', values: downlink },
        ]}
        step={(highest) => byteSteps(Math.max(highest, 1_024), MARKS)}
        format={rate}
        mark={format.roundRate}
        summary={throughput.join(' ')}
      />
      <Plot
        title="Session count"
        times={times}
        nowMs={atMs}
        lines={[{ name: '', colour: '--accent', values: sessions }]}
        step={wholeSteps}
        format={(value) => value.toLocaleString('en')}
        mark={(value) => value.toLocaleString('en')}
        summary={`Now ${many}. At most ${peak(sessions).toLocaleString('en')} in the last 15 minutes.`}
        isStepped
      />
    </div>
  );
}

function rate(bytesPerSecond: number): string {
  return `${format.bytes(bytesPerSecond)}/s`;
}

/** 1, 2, 5, 10 … sessions. */
function wholeSteps(highest: number): number {
  for (let unit = 1; unit < 1e9; unit *= 10) {
    for (const factor of [1, 2, 5]) if (factor * unit * MARKS >= highest) return factor * unit;
  }
  return 1e9;
}
