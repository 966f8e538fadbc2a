import type { ConfigError, Problem } from '../../config/problem.js';
import { problemText, sourceText } from '../../config/problem.js';
import { printable } from '../terminal.js';
import type { Terminal } from '../terminal.js';
import type { Fault, Fix } from './fault.js';
import type { ProbeResult } from './probe.js';

/** Where the text behind `ok`, `failed` and `skipped` begins, in columns. */
const INDENT = 9;

/** Narrower than this a text is not wrapped: it would only become unreadable in another way. */
const MIN_WRAPPED = 40;

/** What a probe found, for people: its line, and for a failure what it means and how it is put right. */
export function resultLines({ title, outcome }: ProbeResult, terminal: Terminal): string[] {
  const colour = { ok: 'green', failed: 'red', skipped: 'grey' } as const;
  const lines = wrapped(`${title}: ${outcome.detail}`, terminal);
  lines[0] = `${terminal.paint(colour[outcome.status], outcome.status)}${(lines[0] ?? '').slice(outcome.status.length)}`;
  if (outcome.status === 'failed') lines.push(...wrapped(outcome.advice, terminal));
  if (outcome.status === 'skipped') return lines;
  return [...lines, ...fixLines(outcome.fixes ?? [], terminal)];
}

/** The ways to put something right. Lines to paste stand alone, unwrapped and without colour around them. */
export function fixLines(fixes: readonly Fix[], terminal: Terminal): string[] {
  return fixes.flatMap(({ what, paste }, index) => {
    const label = index === 0 ? 'fix:' : ' or:';
    const [first = '', ...rest] = wrapped(`${label} ${what}:`, terminal);
    const painted = first.replace(label, terminal.paint('yellow', label));
    return [painted, ...rest, ...paste.map((line) => `${' '.repeat(INDENT + 2)}${printable(line)}`)];
  });
}

/** `11 ok, 1 failed, 3 skipped`. */
export function summary(results: readonly ProbeResult[], terminal: Terminal): string {
  const count = (status: ProbeResult['outcome']['status']): number =>
    results.filter(({ outcome }) => outcome.status === status).length;
  const failed = count('failed');
  const text = `${count('ok')} ok, ${failed} failed, ${count('skipped')} skipped`;
  if (failed === 0) return terminal.paint('green', text);
  return `${terminal.paint('red', text)}; put the first one right, then check again`;
}

/** One thing that is wrong with the configuration, as `--json` shows it. */
export interface ProblemView {
  readonly fault: Fault;
  readonly from: string;
  readonly key: string;
  readonly message: string;
  readonly example: string | undefined;
  readonly text: string;
  readonly fixes: readonly Fix[];
}

/** All that is wrong with the configuration, each with the command against it where there is one. */
export function problemViews({ problems }: ConfigError): ProblemView[] {
  return problems.map((problem) => ({
    fault: commandIn(problem) === undefined ? 'config-invalid' : 'file-modes',
    from: sourceText(problem.source),
    key: problem.key,
    message: problem.message,
    example: problem.example,
    text: problemText(problem),
    fixes: fixesOf(problem),
  }));
}

function fixesOf(problem: Problem): Fix[] {
  const { key, example, source } = problem;
  const command = commandIn(problem);
  if (command !== undefined) return [{ what: 'leave it to the agent alone', paste: [command] }];
  if (example === undefined || example.startsWith('(') || !/^[a-z]\w*\.\w+$/i.test(key)) return [];
  const [section = '', leaf = ''] = key.split('.');
  const line = `${leaf}: ${example}`;
  if (source.kind === 'environment')
    return [{ what: 'one that works', paste: [`${source.name}=${example}`] }];
  return [{ what: 'one that works', paste: [`${section}:`, `  ${line}`] }];
}

/** The permission checks of the loader end with a command. */
function commandIn({ message }: Problem): string | undefined {
  return /\brun: (ch(?:mod|own) .+?)(?:, or use \w.*)?$/.exec(message)?.[1];
}

/** A text from elsewhere in lines that fit the terminal, indented; blanks at its beginning stay. */
export function wrapped(text: string, terminal: Terminal, by = INDENT): string[] {
  const room = (terminal.columns ?? Infinity) - by;
  const indent = ' '.repeat(by);
  const lines: string[] = [];
  let line = '';
  for (const word of printable(text).split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length > room && line !== '' && room >= MIN_WRAPPED) {
      lines.push(`${indent}${line}`);
      line = word;
    } else {
      line = longer;
    }
  }
  return [...lines, `${indent}${line}`];
}
