/** What goes wrong with a session on purpose, and what has to arrive all the same. */
export const SESSION_FAULTS = {
  /** Nothing: every byte of both directions. */
  none: { uplink: 'all', downlink: 'all' },
  /** The target takes nothing for some seconds: every byte of both directions. */
  'target-stall': { uplink: 'all', downlink: 'all' },
  /** The target ends its side while it is being written to: all that it had sent. */
  'target-half-close': { uplink: 'all', downlink: 'some' },
  /** The target resets the connection. */
  'target-reset': { uplink: 'some', downlink: 'some' },
  /** The operator closes the tunnel in the middle: all that was written before. */
  'operator-close': { uplink: 'some', downlink: 'all' },
  /** The operator's connection is gone without a word. */
  'operator-cut': { uplink: 'some', downlink: 'some' },
} as const satisfies Record<string, { readonly uplink: 'all' | 'some'; readonly downlink: 'all' | 'some' }>;

export type SessionFault = keyof typeof SESSION_FAULTS;

/** One session before it starts. */
export interface Plan {
  readonly session: number;
  readonly uplinkBytes: number;
  readonly downlinkBytes: number;
  readonly fault: SessionFault;
}

/** Sizes of one direction, in bytes: from a few keystrokes to a firmware file. */
const MIN_BYTES = 64;
const MAX_BYTES = 16 * 1_048_576;

/** Share of the sessions in which something goes wrong. */
const FAULTY = 0.3;

/** The plan of a session, from random numbers in [0, 1). Small and large sizes are equally likely. */
export function planOf(session: number, random: () => number): Plan {
  const faults = Object.keys(SESSION_FAULTS).filter((fault) => fault !== 'none') as SessionFault[];
  const bytes = (): number => Math.round(MIN_BYTES * (MAX_BYTES / MIN_BYTES) ** random());
  const [uplinkBytes, downlinkBytes] = [bytes(), bytes()];
  const fault = random() < FAULTY ? (faults[Math.floor(random() * faults.length)] ?? 'none') : 'none';
  return { session, uplinkBytes, downlinkBytes, fault };
}
