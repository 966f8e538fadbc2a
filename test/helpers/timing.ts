import type { Timing } from '../../src/cloud/timing.js';

/** Waits of the cloud side so short that a test with outages is over in seconds. */
export const FAST: Partial<Timing> = {
  backoff: { baseMs: 10, capMs: 100, slowCapMs: 150, resetMs: 60_000 },
  requestMs: 5_000,
  pollMs: 2_000,
  pollGraceMs: 2_000,
  pollGapMs: 5,
  adviceNoneMs: 50,
  fallbackPollMs: 50,
  fallbackMs: 1_000,
  sweepMs: 250,
  mqttConnectMs: 3_000,
  mqttAckMs: 1_000,
};
