import { off, type SwitchReading } from './switch-value.js';

/** One of the things that have to be on. */
export interface SwitchPart {
  /** `switch.file /run/gatehouse/switch`: how it is called in sentences. */
  readonly name: string;
  /** How somebody turns it on, as a clause. */
  readonly howTo: string;
}

export type SwitchState =
  | { readonly state: 'none' }
  | { readonly state: 'on' }
  /** `reason` is one sentence; `howTo` another one, which says how to turn it on. */
  | { readonly state: 'off'; readonly reason: string; readonly howTo: string };

/** All parts of the hard switch together: on only while every one of them is. Each is off until it has been read. */
export class HardSwitch {
  readonly #parts: readonly SwitchPart[];
  readonly #readings = new Map<SwitchPart, SwitchReading>();
  readonly #onChange: (state: SwitchState) => void;
  readonly #settled: Promise<void>;
  #settle: () => void = () => undefined;
  #state: SwitchState;

  /** `onChange` is told of each change between on and off, and of each other reason for off. */
  constructor(parts: readonly SwitchPart[], onChange: (state: SwitchState) => void) {
    this.#parts = parts;
    this.#onChange = onChange;
    this.#settled = new Promise((resolve) => (this.#settle = resolve));
    if (parts.length === 0) this.#settle();
    this.#state = this.#judge();
  }

  get state(): SwitchState {
    return this.#state;
  }

  /** Resolves when every part has been read once, whatever it said. */
  settled(): Promise<void> {
    return this.#settled;
  }

  /** What a part says now. */
  read(part: SwitchPart, reading: SwitchReading): void {
    this.#readings.set(part, reading);
    if (this.#readings.size === this.#parts.length) this.#settle();
    const before = this.#state;
    this.#state = this.#judge();
    if (JSON.stringify(before) !== JSON.stringify(this.#state)) this.#onChange(this.#state);
  }

  #judge(): SwitchState {
    if (this.#parts.length === 0) return { state: 'none' };
    for (const part of this.#parts) {
      const reading = this.#readings.get(part) ?? off('has not been read yet');
      if (reading.isOn) continue;
      const reason = `The hard switch is off: ${part.name} ${reading.why}.`;
      return { state: 'off', reason, howTo: `To turn it on, ${part.howTo}.` };
    }
    return { state: 'on' };
  }
}
