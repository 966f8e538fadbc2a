import type { Rig } from './rig.js';

/** One line of the fault catalogue: what happens, what must follow, and how it is shown. */
export type Row = RunRow | SkippedRow;

/** What a row needs of the machine beside Node. Anything but `root` is a program; all but openssl work as root only. */
export type Need = 'root' | 'openssl' | 'nft' | 'tc' | 'ip' | 'strace' | 'prlimit' | 'faketime';

/** Why a row that nobody has written yet is not run. */
export const NOT_WRITTEN = 'not written yet';

interface RowFacts {
  /** Family and number, such as `D07`. Families: A REST, B MQTT, C operations, D target, E tunnel dial, F frames, G data path, H process and host, I time, J storms, K shutdown and hand-over, L storage. */
  readonly id: string;
  /** What happens, in a few words. */
  readonly fault: string;
  /** What must follow, as observable from outside: wire, status, log, admin listener. */
  readonly required: string;
  /** Present when the requirement differs from common practice or from what one may expect: why. */
  readonly argued?: string;
}

export interface RunRow extends RowFacts {
  /** `fast` rows run with every change; all of them together take a few minutes. */
  readonly tier: 'fast' | 'full';
  /** Longest time one run may take, in ms. Default 60,000. */
  readonly limitMs?: number;
  /**
   * What the machine must have. Default nothing: the row also runs without root, and then without a network namespace
   * of its own. As root every row runs in a namespace with nothing but loopback, and with mounts of its own.
   */
  readonly needs?: readonly Need[];
  /** Provokes the fault and checks what follows; throws when it does not. The rig checks for leaks afterwards. */
  readonly run: (rig: Rig) => Promise<void>;
}

/** A row that is not run here, and why; it counts as not survived. */
export interface SkippedRow extends RowFacts {
  readonly notRun: string;
}

/** True for a row that has a body. */
export function isRunRow(row: Row): row is RunRow {
  return 'run' in row;
}
