/*
 * Programs that are put before the agent (LaunchOptions.prefix). Each becomes the agent, so that its pid is the agent's.
 */

/**
 * System calls of the agent that fail, as strace's `inject` has it: `connect:error=EMFILE`,
 * `fdatasync:error=EIO:when=3+`, `write:delay_enter=5s`. See strace(1).
 */
export function injected(...rules: readonly string[]): readonly string[] {
  const calls = rules.map((rule) => rule.split(':')[0] ?? '').join(',');
  const inject = rules.flatMap((rule) => ['-e', `inject=${rule}`]);
  // -D: the tracer is a grandchild, so that the agent's parent and pid are what they would be without it.
  return ['strace', '-D', '-f', '-qq', '-o', '/dev/null', '-e', `trace=${calls}`, ...inject];
}

/** At most so many file descriptors. */
export function descriptorLimit(files: number): readonly string[] {
  return ['prlimit', `--nofile=${files}:${files}`];
}

/** On one processor. */
export function onProcessor(index: number): readonly string[] {
  return ['taskset', '-c', String(index)];
}
