/**
 * Runs `sessions` sessions at once, each numbered; when one ends another follows if `reopen` says so. Ends the process
 * with the last of them, and when its input ends, so that no agent outlives the bench.
 */
export function keepOpen(
  { sessions, reopen }: { readonly sessions: number; readonly reopen: boolean },
  runOne: (session: number) => Promise<unknown>,
): void {
  let begun = 0;
  const lane = async (): Promise<void> => {
    do {
      await runOne(begun++);
    } while (reopen);
  };
  process.stdin.on('end', () => process.exit()).resume();
  void Promise.all(Array.from({ length: sessions }, lane)).then(() => process.exit());
}
