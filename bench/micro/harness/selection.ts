import { UsageError, type MicroArguments } from './arguments.js';

/**
 * Those of the named things that the words of the command line ask for, in their own order; all without a word.
 * @throws UsageError when that is none of them.
 */
export function select<T extends { readonly name: string }>(
  all: readonly T[],
  { words, exact }: Pick<MicroArguments, 'words' | 'exact'>,
): readonly T[] {
  if (words.length === 0) return all;
  const wanted = words.map((word) => word.toLowerCase());
  const selected = all.filter(({ name }) => {
    const lower = name.toLowerCase();
    return wanted.some((word) => (exact ? lower === word : lower.includes(word)));
  });
  if (selected.length > 0) return selected;
  const what = exact ? 'is named' : 'has a name that contains';
  throw new UsageError(
    `No bench ${what} ${words.map((word) => `"${word}"`).join(' or ')}; --list shows them.`,
  );
}
