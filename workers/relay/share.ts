/** What one direction of a session may hold, in bytes of memory. */
export interface Share {
  /** While little goes the other way. */
  readonly aloneBytes: number;
  /** While much goes the other way, too. */
  readonly besideBytes: number;
}

/** The two directions of a session. */
export interface Shares {
  readonly uplink: Share;
  readonly downlink: Share;
}

/** Parts that the limit is divided into: with 256 KiB each of them is a frame. */
const PARTS = 16;

/**
 * Plain: two parts are for the session itself (some 20 KiB) and one for the direction in which little goes.
 *
 * TLS takes 50 KiB for itself, and holds what waits twice: what goes up as it was given and encrypted; of what comes
 * down, one read of the kernel's bytes (64 KiB whatever we ask for) beside what it gave. So what comes down always needs
 * more than half, and what goes up gives way to it.
 */
const PLAIN = { uplink: [13, 7], downlink: [13, 7] } as const;
const ENCRYPTED = { uplink: [6, 2], downlink: [6, 6] } as const;

/** How a session divides `limits.buffer`, so that it holds no more than that in all, both directions together. */
export function sharesOf(limitBytes: number, isEncrypted: boolean): Shares {
  const { uplink, downlink } = isEncrypted ? ENCRYPTED : PLAIN;
  const share = ([alone, beside]: readonly [number, number]): Share => ({
    aloneBytes: (limitBytes * alone) / PARTS,
    besideBytes: (limitBytes * beside) / PARTS,
  });
  return { uplink: share(uplink), downlink: share(downlink) };
}
