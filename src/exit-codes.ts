/** Exit codes of every command. CONTRACT: scripts rely on them. */
export const EXIT = {
  done: 0,
  /** Failed while running. */
  failed: 1,
  /** EX_USAGE of sysexits.h: wrong usage of the command line. */
  usage: 64,
  /** EX_UNAVAILABLE: cloud or admin listener unreachable. */
  unreachable: 69,
  /** EX_NOPERM: credentials refused. */
  refused: 77,
  /** EX_CONFIG: configuration invalid. */
  config: 78,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
