/** Where the value of a key came from. */
export type Source =
  | { readonly kind: 'command line' }
  | { readonly kind: 'environment'; readonly name: string }
  /** Line 0 is the file as a whole. */
  | { readonly kind: 'file'; readonly file: string; readonly line: number }
  /** A file of thin-edge.io; `key` as it is named there, empty for the file as a whole. */
  | { readonly kind: 'thin-edge'; readonly file: string; readonly key: string }
  | { readonly kind: 'default' };

/** One thing that is wrong, complete enough to repair it without the manual. */
export interface Problem {
  readonly source: Source;
  /** Full name such as `conduits[2].ports`; empty when it concerns the file as a whole. */
  readonly key: string;
  /** What is wrong; holds no secret. */
  readonly message: string;
  /** A value that would be right, as YAML; undefined when none helps. */
  readonly example: string | undefined;
  /** Nothing is wrong but that `gatehouse register` has not run yet. */
  readonly isUnregistered?: true;
}

/** More problems than this are counted, not printed: nobody repairs more in one go. */
const MAX_PRINTED_PROBLEMS = 100;

/** The configuration is invalid. Its message is what a person gets to see: all problems, one line each. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const printed = problems.slice(0, MAX_PRINTED_PROBLEMS).map(problemText);
    const left = problems.length - printed.length;
    super([...printed, ...(left > 0 ? [`and ${left} more`] : [])].join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** `gatehouse.yaml:4: cloud.url must be … (example: https://acme.example.com)` */
export function problemText({ source, key, message, example }: Problem): string {
  const subject = key === '' ? '' : `${key} `;
  // An example in brackets is advice: for secrets, and for keys that are better left out.
  const hint =
    example === undefined ? '' : example.startsWith('(') ? ` ${example}` : ` (example: ${example})`;
  const place = source.kind === 'default' ? '' : `${sourceText(source)}: `;
  // A key of the file may hold escape sequences, and this goes to a terminal.
  return `${place}${subject}${message}${hint}`.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?');
}

/** `gatehouse.yaml:4`, `environment variable C8Y_USER`, `tedge.toml (c8y.url)`, `command line` or `default`. */
export function sourceText(source: Source): string {
  switch (source.kind) {
    case 'file':
      return source.line === 0 ? source.file : `${source.file}:${source.line}`;
    case 'environment':
      return `environment variable ${source.name}`;
    case 'thin-edge':
      return source.key === '' ? source.file : `${source.file} (${source.key})`;
    case 'command line':
    case 'default':
      return source.kind;
  }
}
