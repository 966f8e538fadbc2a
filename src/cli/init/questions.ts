import { wrapped } from '../check/report.js';
import type { Prompt } from '../prompt.js';
import type { Terminal } from '../terminal.js';
import type { Checked } from './values.js';

/** Wrong answers to one question before it is given up: nobody types that many, but a program may. */
const MAX_TRIES = 20;

/** A question was answered wrongly again and again. */
export class TooManyTries extends Error {}

/** Kinds of questions, each asked until its answer is right. */
export class Questions {
  constructor(
    private readonly prompt: Prompt,
    private readonly terminal: Terminal,
  ) {}

  /** Text; Enter alone gives `usual`, which may be empty. */
  text(
    question: string,
    usual: string | undefined,
    check: (text: string) => Checked<string>,
  ): Promise<string> {
    const shown = usual === undefined || usual === '' ? '' : ` [${usual}]`;
    return this.#until(
      () => this.prompt.ask(`${question}${shown}: `),
      (answer) => {
        if (answer === '' && usual !== undefined) return { value: usual };
        return answer === '' ? { why: 'is needed' } : check(answer);
      },
    );
  }

  /** Anything that `read` makes of the answer, which may be empty. */
  value<T>(question: string, read: (text: string) => Checked<T>): Promise<T> {
    return this.#until(() => this.prompt.ask(`${question}: `), read);
  }

  /** A secret: it is not shown, and typed once, since a wrong one is found out soon. */
  secret(question: string, check: (text: string) => Checked<string>): Promise<string> {
    return this.#until(
      () => this.prompt.askSecret(`${question} (not shown): `),
      (answer) => (answer === '' ? { why: 'is needed' } : check(answer)),
    );
  }

  /** Yes or no; Enter alone gives `usual`. */
  agree(question: string, usual: boolean): Promise<boolean> {
    return this.#until(
      () => this.prompt.ask(`${question} [${usual ? 'Y/n' : 'y/N'}]: `),
      (answer): Checked<boolean> => {
        if (answer === '') return { value: usual };
        if (/^y(es)?$/i.test(answer)) return { value: true };
        return /^no?$/i.test(answer) ? { value: false } : { why: 'must be y or n' };
      },
    );
  }

  /** One of several, by number; Enter alone gives the first. */
  choice<T>(question: string, ways: readonly (readonly [label: string, value: T])[]): Promise<T> {
    for (const [index, [label]] of ways.entries()) this.terminal.line(`  ${index + 1}  ${label}`);
    return this.#until(
      () => this.prompt.ask(`${question} [1]: `),
      (answer): Checked<T> => {
        const way = ways[answer === '' ? 0 : /^\d{1,2}$/.test(answer) ? Number(answer) - 1 : -1];
        return way === undefined ? { why: `must be a number from 1 to ${ways.length}` } : { value: way[1] };
      },
    );
  }

  /** A sentence about an answer, in lines that fit the terminal. */
  remark(sentence: string): void {
    const { terminal } = this;
    for (const line of wrapped(sentence, terminal, 2)) terminal.line(terminal.paint('yellow', line));
  }

  async #until<T>(ask: () => Promise<string>, read: (answer: string) => Checked<T>): Promise<T> {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const checked = read(await ask());
      if ('value' in checked) return checked.value;
      this.remark(`It ${checked.why}.`);
    }
    throw new TooManyTries(`No usable answer in ${MAX_TRIES} tries; nothing was written.`);
  }
}

/** Which of `count` are meant: `all`, `none`, or numbers and ranges such as `1,3-5`. */
export function chosen(answer: string, count: number): Checked<readonly number[]> {
  const indices = Array.from({ length: count }, (_, index) => index);
  if (/^a(ll)?$/i.test(answer)) return { value: indices };
  if (/^n(one)?$/i.test(answer)) return { value: [] };
  const wanted = new Set<number>();
  for (const part of answer.split(/[\s,]+/).filter((text) => text !== '')) {
    const [, from, to = from] = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part) ?? [];
    const [first, last] = [Number(from), Number(to)];
    if (!(first >= 1 && last <= count && first <= last))
      return { why: `must be all, none, or numbers from 1 to ${count} such as 1,3-5` };
    for (let number = first; number <= last; number += 1) wanted.add(number - 1);
  }
  return wanted.size === 0 ? { why: 'must be all, none, or numbers' } : { value: [...wanted] };
}
