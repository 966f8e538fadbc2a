import type { Channel } from './channel.js';
import type { TrafficSettings } from './settings.js';
import type { Tally } from './tally.js';

/** What one end of a session does after the greeting. */
export interface SessionEnd {
  start(): void;
  onBytes(buffer: Buffer, start: number, end: number): void;
  onDrain(): void;
  /** The other side ends. Gives false when it should not have. */
  onEnd(): boolean;
  /** The connection is gone. Gives false when it should not be. */
  onClose(): boolean;
}

/** What every end needs. */
export interface EndContext {
  readonly session: number;
  readonly channel: Channel;
  readonly tally: Tally;
  readonly settings: TrafficSettings;
}

/** Seeds of the two streams of a session: bytes that come back the way they went are wrong, too. */
export function uplinkSeed(session: number): number {
  return session * 2;
}

export function downlinkSeed(session: number): number {
  return session * 2 + 1;
}
