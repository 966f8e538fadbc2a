import type { Distribution } from './measure/latencies.js';
import type { LoadReport } from './report/load-report.js';
import { MANY_BYTES } from './report/tiles.js';
import { bytesText, countText, printable, shortNumber, timeText } from './text.js';

/** The report in a few lines for a terminal. */
export function summaryText(report: LoadReport): string {
  const { totals, agent, latency, setUp, operations, errors, notes } = report;
  const seconds = Math.max(totals.durationS, 0.001);
  const lines = [
    `${report.profile}, ${countText(report.sessions)} sessions, ${shortNumber(totals.durationS)} s: ${report.isGood ? 'every byte right' : 'FAILED'}`,
    `  moved        ${bytesText(totals.uplinkBytes)} up, ${bytesText(totals.downlinkBytes)} down; ${bytesText((totals.uplinkBytes + totals.downlinkBytes) / seconds)}/s`,
    `  verified     ${bytesText(totals.verifiedUplinkBytes + totals.verifiedDownlinkBytes)} in ${countText(totals.exchanges)} exchanges`,
    `  latency      ${distributionText(latency)}`,
    `  set-up       ${distributionText(setUp)}; ${countText(totals.setUps)} sessions`,
    ...(operations === undefined
      ? []
      : [`  SUCCESSFUL   ${distributionText(operations.successful)} after the operation`]),
    ...(agent?.cpuS === undefined ? [] : [`  agent        ${agentText(agent, totals)}`]),
    ...errors.map(
      ({ kind, count, examples }) => `  error        ${countText(count)} × ${kind}: ${examples[0] ?? ''}`,
    ),
    ...notes.map((note) => `  note         ${note}`),
  ];
  return printable(lines.join('\n'));
}

function distributionText({ count, p50, p99, p999, max }: Distribution): string {
  if (count === 0) return 'none';
  return `p50 ${timeText(p50)}, p99 ${timeText(p99)}, p99.9 ${timeText(p999)}, max ${timeText(max)}`;
}

function agentText(agent: NonNullable<LoadReport['agent']>, totals: LoadReport['totals']): string {
  const isBulky = totals.uplinkBytes + totals.downlinkBytes >= MANY_BYTES;
  const { cores, cpuSPerGib, cpuUsPerExchange, rssBytesMax, rssBytesPerSession } = agent;
  const parts = [
    `${shortNumber(cores ?? 0)} cores`,
    ...(cpuSPerGib === undefined || !isBulky ? [] : [`${shortNumber(cpuSPerGib)} CPU-s per GiB`]),
    ...(cpuUsPerExchange === undefined ? [] : [`${countText(cpuUsPerExchange)} CPU-µs per exchange`]),
    ...(rssBytesMax === undefined ? [] : [`${bytesText(rssBytesMax)} resident`]),
    ...(rssBytesPerSession === undefined ? [] : [`${bytesText(rssBytesPerSession)} per session`]),
  ];
  return parts.join(', ');
}
