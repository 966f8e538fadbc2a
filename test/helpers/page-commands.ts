import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../../../', import.meta.url);

/** One command of a page, as a reader would paste it. */
export interface PageCommand {
  /** Where it begins in the page, from 1. */
  readonly line: number;
  /** Continuation lines joined, without the comment behind it. */
  readonly command: string;
}

/**
 * The commands of a documentation page: all that stands in its ```sh fences, one per line, in the order of the page.
 * Lines that end in a backslash are joined with the next; empty lines and comments are left out.
 *
 * @param page path from the top of the repository, such as `docs/operator/install.md`.
 */
export function commandsOf(page: string): PageCommand[] {
  const commands: PageCommand[] = [];
  let fence: 'none' | 'sh' | 'other' = 'none';
  let open: PageCommand | undefined;
  for (const [index, text] of readPage(page).split('\n').entries()) {
    const mark = /^\s*```(\w*)/.exec(text);
    if (mark !== null) {
      fence = fence !== 'none' ? 'none' : mark[1] === 'sh' ? 'sh' : 'other';
      continue;
    }
    if (fence !== 'sh') continue;
    const piece = text.replace(/(^|\s)#\s.*$/, '').trim();
    if (piece === '' && open === undefined) continue;
    const command = `${open?.command ?? ''}${piece.replace(/\\$/, '')}`;
    const line = open?.line ?? index + 1;
    open = piece.endsWith('\\') ? { line, command } : undefined;
    if (open === undefined) commands.push({ line, command });
  }
  return commands;
}

/** The text of a page of this repository. */
export function readPage(page: string): string {
  return readFileSync(fileURLToPath(new URL(page, ROOT)), 'utf8');
}

/**
 * What to do for each command of a page, by the command's text: a page and its test cannot drift apart, as a command
 * without an entry and an entry without a command are both errors.
 *
 * @throws Error that names the page's line, or the entry that nothing in the page uses.
 */
export async function runPage(
  page: string,
  steps: Readonly<Record<string, (command: string) => Promise<void> | void>>,
): Promise<void> {
  const unused = new Set(Object.keys(steps));
  for (const { line, command } of commandsOf(page)) {
    const step = steps[command];
    if (step === undefined) throw new Error(`${page}:${line}: no test runs this command: ${command}`);
    unused.delete(command);
    await step(command);
  }
  if (unused.size > 0) throw new Error(`${page} has none of these: ${[...unused].join('; ')}`);
}
