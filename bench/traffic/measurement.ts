import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type { TrafficSettings } from './settings.js';
import type { RoundTrips, Tally } from './tally.js';

/** Longest wait for all sessions to be up, in ms. */
const UP_LIMIT_MS = 60_000;
const UP_STEP_MS = 5;

/** What moved between two moments. */
export interface Span {
  readonly seconds: number;
  readonly upBytes: number;
  readonly downBytes: number;
  /** Sessions that came, did their exchange and went (churn). */
  readonly setups: number;
  /** Processor time of the generator, in seconds: all of its threads, user and system. */
  readonly generatorCpuSeconds: number;
}

/** The whole measurement. */
export interface Result extends Span {
  readonly roundTrips: RoundTrips | undefined;
  readonly faults: number;
  readonly sentences: readonly string[];
}

/** Told as the run goes on, each at the moment itself: the processor time of others is taken at these edges. */
export interface MeasurementEvents {
  onUp(seconds: number): void;
  onStart(): void;
  onWindow(window: Span): void;
}

/**
 * Waits for all sessions, lets them warm up, and measures: whole windows, as many as come closest to the duration.
 * @throws Error when the sessions do not all come up within a minute.
 */
export async function measure(
  tally: Tally,
  settings: TrafficSettings,
  events: MeasurementEvents,
): Promise<Result> {
  const beganMs = performance.now();
  await allUp(tally, settings, beganMs + UP_LIMIT_MS);
  events.onUp((performance.now() - beganMs) / 1_000);
  await pause(settings.warmUpMs);
  tally.forgetRoundTrips();
  const first = look(tally);
  events.onStart();
  const windows = Math.max(1, Math.round(settings.durationMs / settings.windowMs));
  let last = first;
  for (let number = 1; number <= windows; number += 1) {
    const endMs = first.atMs + (number * settings.durationMs) / windows;
    await pause(Math.max(0, endMs - performance.now()));
    const now = look(tally);
    events.onWindow(between(last, now));
    last = now;
  }
  const { faults, sentences } = tally;
  return { ...between(first, last), roundTrips: tally.roundTrips(), faults, sentences };
}

async function allUp(tally: Tally, { mode, sessions }: TrafficSettings, untilMs: number): Promise<void> {
  const count = (): number => (mode === 'churn' ? tally.exchanges : tally.greeted);
  while (count() < sessions) {
    if (performance.now() > untilMs || (tally.faults > 0 && mode !== 'churn')) {
      const why = tally.sentences[0] ?? `${UP_LIMIT_MS / 1_000} s have passed`;
      throw new Error(`${count()} of ${sessions} sessions came up: ${why}`);
    }
    await pause(UP_STEP_MS);
  }
}

interface Look {
  readonly atMs: number;
  readonly upBytes: number;
  readonly downBytes: number;
  readonly setups: number;
  readonly cpuSeconds: number;
}

function look({ upBytes, downBytes, exchanges }: Tally): Look {
  const { user, system } = process.cpuUsage();
  const cpuSeconds = (user + system) / 1e6;
  return { atMs: performance.now(), upBytes, downBytes, setups: exchanges, cpuSeconds };
}

function between(from: Look, to: Look): Span {
  return {
    seconds: (to.atMs - from.atMs) / 1_000,
    upBytes: to.upBytes - from.upBytes,
    downBytes: to.downBytes - from.downBytes,
    setups: to.setups - from.setups,
    generatorCpuSeconds: to.cpuSeconds - from.cpuSeconds,
  };
}
