import type { SessionView } from '../../admin/backend.js';

/** Bytes per second of one session. */
export interface Rate {
  readonly uplink: number;
  readonly downlink: number;
}

interface Sample {
  readonly atMs: number;
  readonly uplinkBytes: number;
  readonly downlinkBytes: number;
}

type Counted = Pick<SessionView, 'id' | 'uplinkBytes' | 'downlinkBytes'>;

/** Time over which a rate is taken, in ms: long enough to be read, short enough to be true. */
const WINDOW_MS = 3_000;

const NONE: Rate = { uplink: 0, downlink: 0 };

/** Rates out of counters that are read now and then. Holds some samples for each session of the last reading. */
export class Rates {
  #samples = new Map<string, readonly Sample[]>();

  /** Takes a reading. @param nowMs monotonic clock. */
  read(sessions: readonly Counted[], nowMs: number): void {
    const next = new Map<string, readonly Sample[]>();
    for (const { id, uplinkBytes, downlinkBytes } of sessions) {
      const known = this.#samples.get(id) ?? [];
      const last = known.at(-1);
      // An id that counts backwards is another session: that of an agent which has restarted.
      const isAnother =
        last !== undefined && (uplinkBytes < last.uplinkBytes || downlinkBytes < last.downlinkBytes);
      const kept = isAnother
        ? []
        : known.filter(({ atMs }, index) => nowMs - atMs <= WINDOW_MS || index === known.length - 1);
      next.set(id, [...kept, { atMs: nowMs, uplinkBytes, downlinkBytes }]);
    }
    this.#samples = next;
  }

  /** Zero until there are two readings. */
  of(id: string): Rate {
    const samples = this.#samples.get(id) ?? [];
    const [first, last] = [samples[0], samples.at(-1)];
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return NONE;
    const seconds = (last.atMs - first.atMs) / 1_000;
    return {
      uplink: (last.uplinkBytes - first.uplinkBytes) / seconds,
      downlink: (last.downlinkBytes - first.downlinkBytes) / seconds,
    };
  }

  /** Of all sessions together. */
  total(): Rate {
    let [uplink, downlink] = [0, 0];
    for (const id of this.#samples.keys()) {
      const rate = this.of(id);
      uplink += rate.uplink;
      downlink += rate.downlink;
    }
    return { uplink, downlink };
  }
}
