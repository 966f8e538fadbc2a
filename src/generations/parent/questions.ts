import type { Question } from '../messages.js';
import type { GenerationProcess } from './generation-process.js';

/** Questions under way; beyond it the oldest is answered with nothing. One request asks 7 elders at most. */
const MAX_UNDER_WAY = 1_000;

/** Who asks: a generation, or the parent itself. */
type Asker = Pick<GenerationProcess, 'send'>;

interface UnderWay {
  readonly asker: Asker;
  readonly id: number;
  readonly asked: GenerationProcess;
}

/** Carries questions from one generation to another one, and answers back. The asker keeps the time. */
export class Questions {
  readonly #underWay = new Map<number, UnderWay>();
  #lastId = 0;

  ask(asker: Asker, id: number, asked: GenerationProcess | undefined, question: Question): void {
    if (asked === undefined) return asker.send({ kind: 'answer', id });
    this.#lastId += 1;
    this.#underWay.set(this.#lastId, { asker, id, asked });
    asked.send({ kind: 'ask', id: this.#lastId, question });
    const [oldest] = this.#underWay.keys();
    if (this.#underWay.size > MAX_UNDER_WAY && oldest !== undefined) this.answer(oldest, undefined);
  }

  answer(id: number, value: unknown): void {
    const { asker, id: itsId } = this.#underWay.get(id) ?? {};
    this.#underWay.delete(id);
    if (itsId !== undefined) asker?.send({ kind: 'answer', id: itsId, value });
  }

  /** A generation has ended: what it was asked has no answer, what it asked needs none. */
  ended(process: GenerationProcess): void {
    for (const [id, { asker, asked }] of [...this.#underWay]) {
      if (asked === process) this.answer(id, undefined);
      else if (asker === process) this.#underWay.delete(id);
    }
  }
}
