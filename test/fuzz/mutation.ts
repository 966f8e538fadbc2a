/** Longest input that mutation makes, in bytes: longer ones find nothing more and cost executions. */
const MAX_BYTES = 4_096;

/** Most changes to one input. */
const MAX_CHANGES = 8;

/** Bytes that parsers treat in a special way. */
const SPECIAL = [0x00, 0x09, 0x0a, 0x0d, 0x20, 0x22, 0x2c, 0x2e, 0x2f, 0x3a, 0x5c, 0x7f, 0x80, 0xc0, 0xff];

type Random = () => number;
type Change = (bytes: Buffer, random: Random, others: readonly Buffer[], words: readonly Buffer[]) => Buffer;

/** One to eight random changes to one of the inputs. `random` gives [0, 1). */
export function mutated(inputs: readonly Buffer[], words: readonly Buffer[], random: Random): Buffer {
  let bytes = pick(inputs, random) ?? Buffer.alloc(0);
  const changes = 1 + below(MAX_CHANGES, random);
  for (let change = 0; change < changes; change += 1) {
    const apply = pick(CHANGES, random);
    if (apply !== undefined) bytes = apply(bytes, random, inputs, words);
  }
  return bytes.subarray(0, MAX_BYTES);
}

const CHANGES: readonly Change[] = [
  (bytes, random) => replaced(bytes, random, (byte) => byte ^ (1 << below(8, random))),
  (bytes, random) => replaced(bytes, random, () => below(256, random)),
  (bytes, random) => replaced(bytes, random, () => pick(SPECIAL, random) ?? 0),
  (bytes, random) => replaced(bytes, random, (byte) => byte + (random() < 0.5 ? 1 : 255)),
  // A piece is taken out.
  (bytes, random) => {
    const [from, to] = range(bytes, random);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  // The end is cut off.
  (bytes, random) => bytes.subarray(0, below(bytes.length + 1, random)),
  // A piece comes twice.
  (bytes, random) => {
    const [from, to] = range(bytes, random);
    return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
  },
  // The beginning of this, the end of another.
  (bytes, random, others) => {
    const other = pick(others, random) ?? bytes;
    return Buffer.concat([
      bytes.subarray(0, below(bytes.length + 1, random)),
      other.subarray(below(other.length + 1, random)),
    ]);
  },
  (bytes, random, others) => inserted(bytes, piece(pick(others, random) ?? bytes, random), random),
  (bytes, random, _others, words) => inserted(bytes, pick(words, random) ?? Buffer.of(0), random),
  (bytes, random) => inserted(bytes, Buffer.of(pick(SPECIAL, random) ?? 0), random),
  (bytes, random) => inserted(bytes, Buffer.alloc(1 + below(64, random), pick(SPECIAL, random) ?? 0), random),
];

function replaced(bytes: Buffer, random: Random, change: (byte: number) => number): Buffer {
  if (bytes.length === 0) return bytes;
  const copy = Buffer.from(bytes);
  const at = below(bytes.length, random);
  copy[at] = change(copy[at] ?? 0) & 0xff;
  return copy;
}

function inserted(bytes: Buffer, what: Buffer, random: Random): Buffer {
  const at = below(bytes.length + 1, random);
  return Buffer.concat([bytes.subarray(0, at), what, bytes.subarray(at)]);
}

function piece(bytes: Buffer, random: Random): Buffer {
  const [from, to] = range(bytes, random);
  return bytes.subarray(from, to);
}

/** Short pieces more often than long ones. */
function range(bytes: Buffer, random: Random): readonly [number, number] {
  const from = below(bytes.length + 1, random);
  const longest = random() < 0.8 ? 16 : bytes.length;
  return [from, Math.min(bytes.length, from + below(longest + 1, random))];
}

/** A whole number from 0 to `end` - 1. */
export function below(end: number, random: Random): number {
  return Math.floor(random() * end);
}

/** One of `list`, or undefined when it is empty. */
export function pick<T>(list: readonly T[], random: Random): T | undefined {
  return list[below(list.length, random)];
}
