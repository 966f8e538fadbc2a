/** How much of one resource is in use; both numbers in the same unit. */
export interface Usage {
  readonly used: number;
  readonly limit: number;
}

/** What is watched, by the name it has in the status and in metrics. */
export const RESOURCES = ['memory', 'descriptors', 'kernel-memory', 'ports'] as const;

export type Resource = (typeof RESOURCES)[number];

/** The resources at one moment; one that cannot be read here, or is not limited, is missing. */
export type Sample = Readonly<Partial<Record<Resource, Usage>>>;

/** What refuses new operations, and where it begins. */
const REFUSE_MEMORY_SHARE = 0.85;
const REFUSE_KERNEL_SHARE = 0.8;
const REFUSE_PORT_SHARE = 0.95;

/**
 * File descriptors that sessions never get: for the control connection (a few, more while it is made anew), the admin
 * listener and who asks it (up to 32), the log, name servers, and a worker that is replaced (some 15).
 */
export const RESERVED_DESCRIPTORS = 64;

/** Descriptors that a session takes: target and cloud. */
export const DESCRIPTORS_PER_SESSION = 2;

/** Below this share of `limits.sessions` it is worth a word: that is a round number, and seldom meant to the last one. */
const ENOUGH_SHARE = 0.9;

/** Why there are too few descriptors for a configuration. */
export interface DescriptorGap {
  /** Sessions that there can be. */
  readonly enoughFor: number;
  /** What the limit has to be, for each process. */
  readonly needed: number;
}

/**
 * Whether `limit`, that of each process, is far too low for so many sessions; undefined when it is not.
 *
 * @param processes that share the sessions: workers, with isolation; else 1.
 */
export function descriptorGap(limit: number, sessions: number, processes: number): DescriptorGap | undefined {
  const share = Math.max(1, processes);
  const perProcess = Math.max(0, Math.floor((limit - RESERVED_DESCRIPTORS) / DESCRIPTORS_PER_SESSION));
  const enoughFor = perProcess * share;
  if (enoughFor >= sessions * ENOUGH_SHARE) return undefined;
  return { enoughFor, needed: DESCRIPTORS_PER_SESSION * Math.ceil(sessions / share) + RESERVED_DESCRIPTORS };
}

/** From here on sessions that hold much are ended. */
export const SHED_MEMORY_SHARE = 0.95;

/** Why no new operation can be taken on, as one sentence with the numbers; undefined when there is enough of everything. */
export function shortage(sample: Sample): string | undefined {
  const { memory, descriptors, 'kernel-memory': kernelMemory, ports } = sample;
  if (isAbove(memory, REFUSE_MEMORY_SHARE)) {
    return `memory: ${mebibytes(memory)} are in use, and from 85 % on (limits.memory) no session is begun`;
  }
  if (descriptors !== undefined && freeDescriptors(descriptors) < DESCRIPTORS_PER_SESSION) {
    const { used, limit } = descriptors;
    return `file descriptors: ${used} of ${limit} are in use, and the last ${RESERVED_DESCRIPTORS} are kept back`;
  }
  if (isAbove(kernelMemory, REFUSE_KERNEL_SHARE)) {
    return `kernel memory for TCP: ${mebibytes(kernelMemory)} are in use, and from 80 % on (tcp_mem) no session is begun`;
  }
  if (isAbove(ports, REFUSE_PORT_SHARE)) {
    return `local ports: about ${ports.used} of ${ports.limit} are in use, and from 95 % on no session is begun`;
  }
  return undefined;
}

/** `used` of `limit` as a share; 0 without a limit. */
export function share({ used, limit }: Usage): number {
  return limit > 0 ? used / limit : 0;
}

/** What sessions can have. */
function freeDescriptors({ used, limit }: Usage): number {
  return limit - used - RESERVED_DESCRIPTORS;
}

function isAbove(usage: Usage | undefined, limit: number): usage is Usage {
  return usage !== undefined && share(usage) >= limit;
}

function mebibytes({ used, limit }: Usage): string {
  const inMiB = (bytes: number): string => (bytes / 1_048_576).toFixed(0);
  return `${inMiB(used)} of ${inMiB(limit)} MiB`;
}
