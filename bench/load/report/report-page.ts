import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Distribution } from '../measure/latencies.js';
import { bytesText, countText, shortNumber, timeText } from '../text.js';
import { chartsOf, type Chart } from './charts.js';
import type { CpuUse, LoadReport } from './load-report.js';
import { embeddedJson, escaped, tableMarkup, type Cell } from './markup.js';
import { pageScript } from './page-script.js';
import { PAGE_STYLE } from './page-style.js';
import { tilesOf } from './tiles.js';

/** The report as one HTML file that loads nothing. Every value in it is text. */
export function reportPage(report: LoadReport): string {
  const charts = chartsOf(report);
  const uPlot = plotLibrary();
  const title = `${report.profile}, ${countText(report.sessions)} sessions`;
  const cards = [
    ...charts.map((chart) => card(titleOf(chart), '<div class="plot"></div>')),
    card('Times', timesTable(report), 'wide'),
    card('Errors', errorsTable(report), 'wide'),
    card('Run', runTable(report)),
    card('Processes', processesTable(report)),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(`Gatehouse load: ${title}`)}</title>
<style>${uPlot.style}${PAGE_STYLE}</style>
</head>
<body>
<main>
<h1>${escaped(title)} ${badge(report)}</h1>
<p class="about">${escaped(report.profileSummary)}</p>
<section class="tiles">${tilesOf(report).map(tileMarkup).join('')}</section>
${report.notes.map((note) => `<p class="note">${escaped(note)}</p>`).join('\n')}
<section class="grid">
${cards.join('\n')}
</section>
</main>
<script type="application/json" id="charts">${embeddedJson(charts)}</script>
<script>${uPlot.script}
${pageScript()}</script>
</body>
</html>
`;
}

function titleOf({ title, unit }: Chart): string {
  return unit === '' ? title : `${title}, ${unit}`;
}

function badge({ isGood }: LoadReport): string {
  const text = isGood ? 'every byte right' : 'failed';
  return `<span class="badge ${isGood ? 'good' : 'bad'}">${text}</span>`;
}

function tileMarkup({ name, value, more }: ReturnType<typeof tilesOf>[number]): string {
  const line = (of: string, text: string): string => `<div class="${of}">${escaped(text)}</div>`;
  return `<div class="tile">${line('name', name)}${line('value', value)}${line('more', more)}</div>`;
}

function card(title: string, content: string, width: 'wide' | '' = ''): string {
  return `<div class="card ${width}"><h2>${escaped(title)}</h2>${content}</div>`;
}

function timesTable({ latency, setUp, operations }: LoadReport): string {
  const head = ['', 'count', 'p50', 'p90', 'p99', 'p99.9', 'max'];
  const row = (name: string, { count, p50, p90, p99, p999, max }: Distribution): Cell[] => [
    { text: name },
    { text: countText(count), isNumber: true },
    ...[p50, p90, p99, p999, max].map((ms) => ({ text: count === 0 ? '' : timeText(ms), isNumber: true })),
  ];
  const rows = [
    head.map((text, column) => ({ text, isNumber: column > 0 })),
    row('exchange, from request to verified answer', latency),
    row('session, from asking to first answer', setUp),
    ...(operations === undefined
      ? []
      : [
          row('operation to EXECUTING', operations.executing),
          row('operation to SUCCESSFUL', operations.successful),
        ]),
  ];
  return tableMarkup(rows, true);
}

function errorsTable({ errors }: LoadReport): string {
  if (errors.length === 0) return '<p class="about">None.</p>';
  const rows = errors.map(({ kind, count, examples }): Cell[] => [
    { text: kind },
    { text: countText(count), isNumber: true },
    { text: examples.join(' · ') },
  ]);
  return tableMarkup(
    [[{ text: 'kind' }, { text: 'count', isNumber: true }, { text: 'first ones' }], ...rows],
    true,
  );
}

function runTable(report: LoadReport): string {
  const { machine, rampPerSecond, tls } = report;
  const rows: [string, string][] = [
    ['command', report.command],
    ['started', report.startedAt],
    ['mode', report.mode === 'local' ? 'all on this machine' : 'through a tenant'],
    ['connections', tls === undefined ? 'as the tenant has them' : tls ? 'TLS' : 'plain'],
    ['ramp', rampPerSecond === 0 ? 'all at once' : `${countText(rampPerSecond)} sessions a second`],
    ['processor', `${machine.cpu}, ${machine.cores} available`],
    ['memory', bytesText(machine.memoryBytes)],
    ['system', `${machine.system}, Node.js ${machine.node}`],
  ];
  return tableMarkup(
    rows.map((cells) => cells.map((text) => ({ text }))),
    false,
  );
}

function processesTable({ agent, generator }: LoadReport): string {
  const parts: readonly (readonly [string, CpuUse | undefined])[] = [
    [agent?.workers === undefined ? 'agent' : `agent (${agent.workers} workers)`, agent],
    ['cloud end', generator.cloudEnd],
    ['target end', generator.targetEnd],
    ['control plane', generator.controlPlane],
  ];
  const rows = parts.flatMap(([name, use]): Cell[][] => {
    if (use?.cpuS === undefined || use.cores === undefined) return [];
    return [
      [
        { text: name },
        { text: `${shortNumber(use.cpuS)} s`, isNumber: true },
        { text: shortNumber(use.cores), isNumber: true },
      ],
    ];
  });
  const head = [{ text: 'process' }, { text: 'CPU', isNumber: true }, { text: 'cores', isNumber: true }];
  return rows.length === 0 ? '<p class="about">Not measured.</p>' : tableMarkup([head, ...rows], true);
}

/** uPlot, to be put into the page. */
function plotLibrary(): { readonly script: string; readonly style: string } {
  const folder = path.dirname(createRequire(import.meta.url).resolve('uplot'));
  const read = (name: string): string => readFileSync(path.join(folder, name), 'utf8');
  return { script: read('uPlot.iife.min.js'), style: read('uPlot.min.css') };
}
