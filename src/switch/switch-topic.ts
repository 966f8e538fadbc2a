import type { PlantListener } from '../plant/plant-broker.js';
import { off, readingOf, type SwitchReading } from './switch-value.js';

export interface SwitchTopicOptions {
  readonly topic: string;
  /** Asks the broker for the retained message once more. */
  readonly again: () => void;
  readonly onReading: (reading: SwitchReading) => void;
}

/** A switch that is a retained message on the plant's broker. Without the broker, and before a message came, it is off. */
export class SwitchTopic implements PlantListener {
  readonly filter: string;
  readonly #onReading: (reading: SwitchReading) => void;
  readonly #again: () => void;
  #hasValue = false;

  constructor({ topic, again, onReading }: SwitchTopicOptions) {
    this.filter = topic;
    this.#onReading = onReading;
    this.#again = again;
  }

  /** A broker passes on what is published without saying whether it keeps it: what it keeps, it says when it is asked. */
  onMessage(_topic: string, payload: Buffer, isRetained: boolean): void {
    const reading = readingOf(payload);
    if (reading.isOn && !isRetained) return this.#again();
    this.#hasValue = true;
    this.#onReading(reading);
  }

  /** What is retained may come in the same packet as the acknowledgement, before this is called. */
  onUp(): void {
    if (!this.#hasValue) this.#onReading(off('has no retained message'));
  }

  onDown(why: string): void {
    this.#hasValue = false;
    this.#onReading(off(`cannot be read, as the broker is not there: ${why}`));
  }
}
