import { bytesText, countText, shortNumber, timeText } from '../text.js';
import type { LoadReport } from './load-report.js';

/** One figure at the top of the page. */
export interface Tile {
  readonly name: string;
  readonly value: string;
  readonly more: string;
}

/** Below this, bytes are not what the agent's time went into, and time per GiB says nothing. */
export const MANY_BYTES = 64 * 2 ** 20;

/** The figures that matter most; those that were not measured are left out. */
export function tilesOf(report: LoadReport): Tile[] {
  const { totals, latency, setUp } = report;
  const seconds = Math.max(totals.durationS, 0.001);
  const moved = totals.uplinkBytes + totals.downlinkBytes;
  const verified = totals.verifiedUplinkBytes + totals.verifiedDownlinkBytes;
  return [
    {
      name: 'sessions, most at a time',
      value: countText(totals.openSessionsMax),
      more: `${countText(totals.setUps)} set up; a run of ${shortNumber(totals.durationS)} s`,
    },
    {
      name: 'throughput, both directions',
      value: `${bytesText(moved / seconds)}/s`,
      more: `${bytesText(totals.uplinkBytes)} up, ${bytesText(totals.downlinkBytes)} down`,
    },
    ...(latency.count === 0
      ? []
      : [
          {
            name: 'latency, p99',
            value: timeText(latency.p99),
            more: `p50 ${timeText(latency.p50)}, p99.9 ${timeText(latency.p999)}, max ${timeText(latency.max)}`,
          },
        ]),
    {
      name: 'session set-up, p99',
      value: timeText(setUp.p99),
      more: `p50 ${timeText(setUp.p50)}, max ${timeText(setUp.max)}`,
    },
    ...operationTiles(report),
    ...agentTiles(report),
    {
      name: 'verified at both ends',
      value: bytesText(verified),
      more: `${countText(totals.exchanges)} exchanges, ${countText(totals.errors)} errors`,
    },
  ];
}

function operationTiles({ operations }: LoadReport): Tile[] {
  if (operations === undefined) return [];
  const { successful, counts } = operations;
  return [
    {
      name: 'operation to SUCCESSFUL, p99',
      value: timeText(successful.p99),
      more: `p50 ${timeText(successful.p50)}; ${countText(counts.failed)} of ${countText(counts.created)} FAILED`,
    },
  ];
}

function agentTiles(report: LoadReport): Tile[] {
  const { agent } = report;
  if (agent?.cpuS === undefined) return [];
  const { rssBytesMax, rssBytesPerSession, rssBytesBefore, pssBytes } = agent;
  const cpu = { name: "agent's CPU", ...cpuTile(report, agent) };
  if (rssBytesMax === undefined) return [cpu];
  const each = rssBytesPerSession === undefined ? '' : `, ${bytesText(rssBytesPerSession)} per session`;
  return [
    cpu,
    {
      name: "agent's memory, most resident",
      value: bytesText(rssBytesMax),
      more: `from ${bytesText(rssBytesBefore ?? 0)}${each}${pssBytes === undefined ? '' : `; PSS ${bytesText(pssBytes)}`}`,
    },
  ];
}

/** CPU time per what the run was about: bytes, exchanges, or, where nothing else happens, set-ups. */
function cpuTile(
  { totals, latency, machine }: LoadReport,
  { cpuS = 0, cores = 0, cpuSPerGib = 0, cpuUsPerExchange = 0 }: NonNullable<LoadReport['agent']>,
): Pick<Tile, 'value' | 'more'> {
  const mean = `${shortNumber(cores)} of ${machine.cores} cores on average`;
  if (totals.uplinkBytes + totals.downlinkBytes >= MANY_BYTES) {
    return { value: `${shortNumber(cpuSPerGib)} s per GiB`, more: mean };
  }
  if (latency.count > 0) {
    return { value: `${countText(cpuUsPerExchange)} µs`, more: `per exchange; ${mean}` };
  }
  const perSetUpMs = (cpuS * 1_000) / Math.max(1, totals.setUps);
  return { value: timeText(perSetUpMs), more: `per set-up; ${mean}` };
}
