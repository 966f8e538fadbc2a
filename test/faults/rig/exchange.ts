import assert from 'node:assert/strict';
import type { Duplex } from 'node:stream';
import { eventually } from '../../helpers/eventually.js';
import type { SeededCheck } from '../../helpers/seeded-bytes.js';
import { receive, send, type Sending } from '../../helpers/transfer.js';

/** Longest time one exchange may take, in ms, when nothing else is said. */
const LIMIT_MS = 20_000;

/** Both ends of an open session. */
export interface Ends {
  /** The operator's. */
  readonly tunnel: Duplex;
  /** The target's. */
  readonly socket: Duplex;
}

/**
 * Sends `bytes` in each direction at the same time, each direction with a stream of its own seed, and asserts that they
 * arrive bit by bit. Call it once for a session: what is read twice is counted twice.
 */
export async function exchange({ tunnel, socket }: Ends, bytes: number, limitMs = LIMIT_MS): Promise<void> {
  const seed = `${bytes} ${Math.random()}`;
  const up = receive(tunnel, `up ${seed}`);
  const down = receive(socket, `down ${seed}`);
  const sending = [send(socket, `up ${seed}`, bytes), send(tunnel, `down ${seed}`, bytes)] as const;
  await Promise.all([
    arrived(up, sending[0], bytes, 'uplink', limitMs),
    arrived(down, sending[1], bytes, 'downlink', limitMs),
  ]);
}

/** Waits until `bytes` have arrived, and asserts that they are those that were sent. */
export async function arrived(
  check: SeededCheck,
  sending: Sending,
  bytes: number,
  what: string,
  limitMs = LIMIT_MS,
): Promise<void> {
  const look = (): true | undefined => check.bytes >= bytes || check.wrongAt !== undefined || undefined;
  await eventually(look, `${bytes} bytes ${what}`, limitMs).catch((error: unknown) => {
    throw new Error(`${check.bytes} of ${bytes} bytes ${what} came within ${limitMs / 1_000} s`, {
      cause: error,
    });
  });
  assert.equal(check.wrongAt, undefined, `a wrong byte ${what}`);
  assert.equal(check.bytes, bytes);
  assert.equal(check.digest(), sending.source.digest());
}
