import type { Output } from '../../src/cli/terminal.js';
import { Terminal } from '../../src/cli/terminal.js';
import type { Second } from './report/load-report.js';
import { bytesText, countText, timeText } from './text.js';

/** Seconds between two lines where there is no terminal to refresh one on. */
const LINE_EVERY_S = 10;

/** How far a run is: one line that is refreshed on a terminal, one every ten seconds elsewhere. */
export class Progress {
  readonly #output: Output;
  readonly #terminal: Terminal;
  readonly #totalS: number;
  #nextLineS = LINE_EVERY_S;

  constructor(output: Output, env: Readonly<Record<string, string | undefined>>, minutes: number) {
    this.#output = output;
    this.#terminal = new Terminal(output, env);
    this.#totalS = minutes * 60;
  }

  show(second: Second): void {
    if (this.#output.isTTY === true) {
      this.#terminal.progress(progressText(second, this.#totalS));
    } else if (second.atS >= this.#nextLineS) {
      this.#nextLineS += LINE_EVERY_S;
      this.#terminal.line(progressText(second, this.#totalS));
    }
  }

  /** One line of its own. */
  say(text: string): void {
    this.#terminal.line(text);
  }

  /** Something that is under way before or after the load itself. */
  doing(text: string): void {
    this.#terminal.progress(text);
  }

  clear(): void {
    this.#terminal.clear();
  }
}

/** `12 / 60 s · 100 sessions · 1.2 MiB/s · p99 3.1 ms · 0 errors`. */
export function progressText(second: Second, totalS: number): string {
  const rate = bytesText(second.uplinkBytesPerS + second.downlinkBytesPerS);
  return [
    `${Math.round(second.atS)} / ${Math.round(totalS)} s`,
    `${countText(second.openSessions)} sessions`,
    `${rate}/s`,
    `p99 ${second.latency === undefined ? '-' : timeText(second.latency.p99)}`,
    `${countText(second.errors)} errors`,
  ].join(' · ');
}
