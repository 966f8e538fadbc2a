import { METRICS, type Metric } from '../metric.js';
import type { Row } from '../outcome.js';
import type { Workload } from '../workload.js';
import { chart, escaped, type Bar } from './chart.js';
import type { Report } from './report.js';

const STYLE = `
:root { color-scheme: light dark; --ink: #1b2430; --soft: #66717f; --bar: #9fb3c8; --base: #0b6e99; --line: #d5dbe2; --paper: #fff }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e9ef; --soft: #93a0ae; --bar: #4d627a; --base: #4fb3dc; --line: #313b47; --paper: #14191f }
}
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 1360px; margin: 2rem auto; padding: 0 1.5rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; border-top: 1px solid var(--line); padding-top: 1rem }
p, li { color: var(--soft) } .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(440px, 1fr)); gap: 1rem 2.5rem }
svg { width: 100%; font: 13px system-ui, sans-serif } svg text { fill: var(--ink) } .title { font-weight: 600 } .label { text-anchor: end }
svg text.value { fill: var(--soft); font-variant-numeric: tabular-nums } .bar { fill: var(--bar) } .base { fill: var(--base) }
.range { stroke: var(--ink); stroke-width: 1.2; fill: none }
`;

const HEADINGS: Readonly<Record<Workload, string>> = {
  up: 'Up: device to cloud, saturated',
  down: 'Down: cloud to device, saturated',
  both: 'Both directions, saturated',
  mixed: 'Both directions, saturated, with half of the sessions echoing beside',
  echo: 'Echo of 64 bytes, idle otherwise',
  churn: 'Churn: open, 1 KiB each way, close',
};

/** All charts of a report as one HTML file that needs nothing else. */
export function page(report: Report): string {
  const { machine, options, tables, absent } = report;
  const title = `Peers, ${report.startedAt.slice(0, 10)}`;
  const facts = [
    `${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}, Node ${machine.node}`,
    `${options.rounds} rounds of ${options.seconds} s, ${options.sessions} sessions, ${options.tls ? 'TLS' : 'no TLS'}`,
    `${machine.isNamespace ? 'a network namespace of its own' : "the machine's own loopback"}, congestion control ${machine.congestionControl}`,
    'Bars are medians, whiskers the smallest and the largest of the runs.',
    ...report.peers.map(({ name, about, version, remark }) =>
      [`${name}: ${about} (${version})`, remark].filter((text) => text !== undefined).join('; '),
    ),
    ...absent.map(({ name, why }) => `${name}: ${why}`),
  ];
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${STYLE}</style></head>
<body>
<h1>${title}</h1>
${tables.map(({ workload, rows }) => section(workload, rows, options.baseline)).join('\n')}
<h2>What was measured, and where</h2>
<ul>${facts.map((fact) => `<li>${escaped(fact)}</li>`).join('\n')}</ul>
</body>
</html>
`;
}

function section(workload: Workload, rows: readonly Row[], baseline: string): string {
  const charts = METRICS[workload].map((metric, index) => metricChart(metric, index, rows, baseline));
  const remarks = rows.filter((row) => row.remarks.length > 0);
  const notes = remarks.map((row) => `${escaped(row.peer)}: ${escaped(row.remarks.join(', '))}`).join('; ');
  return `<h2>${HEADINGS[workload]}</h2>
<div class="charts">${charts.join('\n')}</div>
${notes === '' ? '' : `<p>${notes}</p>`}`;
}

function metricChart(metric: Metric, index: number, rows: readonly Row[], baseline: string): string {
  const bars = rows.flatMap((row): Bar[] => {
    const summary = row.summaries[index];
    return summary === undefined ? [] : [{ label: row.peer, summary, isBase: row.peer === baseline }];
  });
  return chart(bars, { title: `${metric.title} (${metric.better} is better)`, digits: metric.digits });
}
