import type { SoakResult } from './soak.js';

const MIB = 1_048_576;

/** What a run has shown, as a table for a terminal. */
export function reportText(result: SoakResult): string {
  const { slopes, first, last, most } = result;
  const faults = Object.entries(result.faults).filter(([, count]) => count > 0);
  const rows: readonly (readonly [string, string])[] = [
    ['minutes', String(result.minutes)],
    ['sessions opened', String(result.sessions)],
    ['  ended whole, every byte of both directions', String(result.whole)],
    ['  ended by a fault around them', String(result.lostToFaults)],
    ['bytes verified', `${(result.bytesVerified / 1024 ** 3).toFixed(2)} GiB`],
    ['wrong bytes', String(result.wrong.length)],
    ['sessions with bytes of another', String(result.crossed)],
    ['unexplained', String(result.unexplained.length)],
    ...faults.map(([fault, count]) => [`fault: ${fault}`, String(count)] as const),
    [
      'resident memory',
      `${mib(first.rssBytes)} at first, ${mib(most.rssBytes)} at most, ${mib(last.rssBytes)} at last`,
    ],
    ['  slope', `${slopes.rssMiBPerHour.toFixed(1)} MiB per hour`],
    ['heap slope', `${slopes.heapMiBPerHour.toFixed(1)} MiB per hour`],
    [
      'descriptors',
      `${first.descriptors} at first, ${most.descriptors} at most, ${last.descriptors} at last`,
    ],
    ['  slope', `${slopes.descriptorsPerHour.toFixed(1)} per hour`],
    ['handles slope', `${slopes.handlesPerHour.toFixed(1)} per hour`],
    ['verdict', result.verdict],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
  return [...lines, ...result.wrong, ...result.unexplained].join('\n');
}

function mib(bytes: number): string {
  return `${Math.round(bytes / MIB)} MiB`;
}
