import { UsageError, type MicroArguments } from './arguments.js';
import type { Comparison } from './comparison-table.js';
import { compareRounds, matchNames, sidesOf } from './comparison.js';
import { thisMachine } from './machine.js';
import { buildTree } from './other-tree.js';
import type { Progress } from './progress.js';
import { commitOf, hasFile, hashOf } from './repository.js';
import { select } from './selection.js';
import { Side } from './side.js';

/** Where this suite begins, in the source. */
const SUITE = 'bench/micro/main.ts';

export interface CompareParts {
  /** The folder of the project, built. */
  readonly project: string;
  readonly progress: Progress;
  /** Ends the comparison early; what was built goes before the promise rejects. */
  readonly signal: AbortSignal;
}

/**
 * Runs the suite of another commit (A) and that of the work tree (B) in turns.
 * @throws UsageError when there is no such commit, it has no such suite, or no bench is on both sides.
 */
export async function compare(
  ref: string,
  options: MicroArguments,
  parts: CompareParts,
): Promise<Comparison> {
  const { project, progress, signal } = parts;
  const hash = await hashOf(project, ref);
  if (hash === undefined) {
    throw new UsageError(`There is no commit "${ref}" here; a shallow clone has to fetch it first.`);
  }
  if (!(await hasFile(project, hash, SUITE))) {
    throw new UsageError(
      `The commit "${ref}" is older than this bench suite (it has no ${SUITE}), so there is nothing to compare with.`,
    );
  }
  progress.show(1, 1, `building ${ref}`);
  const tree = await buildTree(project, hash, signal);
  try {
    const sides = { a: new Side(tree.folder, signal), b: new Side(project, signal) };
    const names = matchNames(await selected(sides.a, options), await selected(sides.b, options));
    if (names.both.length === 0) {
      throw new UsageError(
        `No bench that is asked for is in both "${ref}" and the work tree; --list shows those of the work tree.`,
      );
    }
    const benches = await rounds(sides, names.both, options, progress);
    return {
      schema: 1,
      kind: 'micro-comparison',
      date: new Date().toISOString(),
      machine: thisMachine().id,
      node: process.versions.node,
      rounds: options.rounds,
      timeMs: options.timeMs,
      a: `${ref} (${hash.slice(0, 10)})`,
      b: `work tree (${await commitOf(project)})`,
      benches,
      onlyA: names.onlyA,
      onlyB: names.onlyB,
    };
  } finally {
    progress.show(1, 1, 'removing what was built');
    await tree.remove();
    progress.clear();
  }
}

/** What a side has of what is asked for; nothing is a matter for both sides together. */
async function selected(side: Side, options: MicroArguments): Promise<readonly string[]> {
  const all = (await side.names()).map((name) => ({ name }));
  try {
    return select(all, options).map(({ name }) => name);
  } catch (error) {
    if (error instanceof UsageError) return [];
    throw error;
  }
}

async function rounds(
  sides: Readonly<Record<'a' | 'b', Side>>,
  names: readonly string[],
  { rounds: count, timeMs }: MicroArguments,
  progress: Progress,
): Promise<Comparison['benches']> {
  const medians = { a: new Map<string, number[]>(), b: new Map<string, number[]>() };
  for (let round = 0; round < count; round += 1) {
    for (const [turn, side] of sidesOf(round).entries()) {
      progress.show(2 * round + turn + 1, 2 * count, `${names.length} benches of ${side.toUpperCase()}`);
      const { benches } = await sides[side].measure(names, timeMs);
      for (const { name, p50Ns } of benches) {
        medians[side].set(name, [...(medians[side].get(name) ?? []), p50Ns]);
      }
    }
  }
  return names.map((name) => compareRounds(name, medians.a.get(name) ?? [], medians.b.get(name) ?? []));
}
