/** A state of many sessions whose memory is measured. */
export interface Case {
  readonly name: string;
  /** Who stops reading while the other side sends; nobody when the sessions are idle. */
  readonly stalled: readonly ('target' | 'cloud')[];
  /** Of the messages from the cloud. */
  readonly messageBytes: number;
}

const KIBIBYTE = 1_024;
const MEBIBYTE = 1_048_576;

/** A keystroke, a frame, and messages that nobody should assemble. */
const MESSAGES: readonly (readonly [name: string, bytes: number])[] = [
  ['64 B', 64],
  ['64 KiB', 64 * KIBIBYTE],
  ['4 MiB', 4 * MEBIBYTE],
  ['16 MiB + 1 B', 16 * MEBIBYTE + 1],
];

export const CASES: readonly Case[] = [
  { name: 'idle', stalled: [], messageBytes: 0 },
  ...MESSAGES.map(([name, messageBytes]): Case => ({
    name: `target stalled, messages of ${name}`,
    stalled: ['target'],
    messageBytes,
  })),
  { name: 'cloud stalled', stalled: ['cloud'], messageBytes: 0 },
  ...MESSAGES.map(([name, messageBytes]): Case => ({
    name: `both stalled, messages of ${name}`,
    stalled: ['target', 'cloud'],
    messageBytes,
  })),
];
