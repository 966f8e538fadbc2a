/** Who wants to go on in a later turn of the event loop. */
export interface Turn {
  /** Must not throw: it is called from the loop itself. */
  onTurn(): void;
}

/**
 * Bulk copies that go on in one turn of the loop. Eight reads of 224 KiB take a millisecond or two, which is what a
 * keystroke of another session waits at most, however many copies run.
 */
const BULK_PER_TURN = 8;

/** Who gets on when: one per thread, so that no session can hold the loop of the others. */
export class Turns {
  readonly #atEnd: Turn[] = [];
  readonly #line: Turn[] = [];
  #isScheduled = false;

  /** `turn` goes on when the sockets that have something now have been looked at. */
  atEnd(turn: Turn): void {
    this.#atEnd.push(turn);
    this.#schedule();
  }

  /** `turn` goes on after all that are in line already, a few in each turn of the loop. */
  inLine(turn: Turn): void {
    this.#line.push(turn);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(runTurns, this);
  }

  run(): void {
    this.#isScheduled = false;
    for (let turn = this.#atEnd.pop(); turn !== undefined; turn = this.#atEnd.pop()) turn.onTurn();
    for (const turn of this.#line.splice(0, BULK_PER_TURN)) turn.onTurn();
    if (this.#line.length > 0) this.#schedule();
  }
}

function runTurns(turns: Turns): void {
  turns.run();
}
