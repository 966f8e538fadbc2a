import path from 'node:path';
import type { Verdict } from '../../audit/verification.js';
import type { Log } from '../audit.js';
import { printable, type Terminal } from '../terminal.js';

/** Notes that are shown; the rest is counted. */
const MAX_SHOWN = 20;

/** The verdict for a person: what was read, what is wrong, what that means, and what to do. */
export function verdictLines(verdict: Verdict, log: Log, terminal: Terminal): string[] {
  const lines =
    verdict.fault === undefined ? good(verdict, log, terminal) : bad(verdict, verdict.fault, terminal);
  const notes = verdict.notes
    .slice(0, MAX_SHOWN)
    .map(({ file, line, sentence }) => printable(`note  ${place(file, line)}: ${sentence}`));
  const more = verdict.notes.length - notes.length;
  const others = log.others.map((file) =>
    printable(`note  ${file}: belongs to another log; verify it by its name`),
  );
  return [...lines, ...notes, ...(more > 0 ? [`note  and ${more} more`] : []), ...others];
}

/** The same for scripts. */
export function verdictJson(
  { fault, notes, records, lines, chain, first, last, confirmed }: Verdict,
  log: Log,
): object {
  return {
    ok: fault === undefined,
    files: log.files.map((file) => file.path),
    lines,
    records,
    chain: chain ?? null,
    first: first === undefined ? null : { seq: first.seq, at: first.at },
    last: last === undefined ? null : { seq: last.seq, at: last.at, hash: last.hash },
    confirmedBy: confirmed,
    fault: fault ?? null,
    notes,
  };
}

function good({ records, first, last, chain, confirmed }: Verdict, log: Log, terminal: Terminal): string[] {
  if (first === undefined || last === undefined) return ['The log is empty: nothing has been written yet.'];
  const files =
    log.files.length === 1 ? path.basename(log.files[0]?.path ?? '') : `${log.files.length} files`;
  const end =
    confirmed.length > 0
      ? `Its end is confirmed by ${confirmed.join(' and ')}.`
      : 'Whether records are missing at its end cannot be told: give --head or --anchor.';
  return [
    terminal.paint('green', printable(`ok    ${files}: ${records} records, each as it was written`)),
    `      from record ${first.seq} (${first.at}) to record ${last.seq} (${last.at}), chain ${chain ?? '?'}`,
    printable(`      ${end}`),
    `      Last: ${last.seq}:${last.hash}`,
  ];
}

function bad({ records, last }: Verdict, fault: NonNullable<Verdict['fault']>, terminal: Terminal): string[] {
  const before =
    last === undefined || records === 0
      ? 'Nothing before it could be read.'
      : `What stands before it holds together, up to record ${last.seq} (${last.at}).`;
  return [
    terminal.paint(
      'red',
      printable(`BAD   ${place(fault.file, fault.line)} (${fault.kind}): ${fault.sentence}`),
    ),
    `      ${before} What follows was not judged.`,
    '      Copy the files and the state directory as they are now, before anything else is done with them;',
    '      the events of the sessions in the cloud tell what should stand there.',
  ];
}

function place(file: string, line: number): string {
  return `${file}, line ${line}`;
}
