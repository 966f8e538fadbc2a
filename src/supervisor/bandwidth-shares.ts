import type { Demand } from '../../contract/messages.js';

/** Part of the limit that stays with a worker that wants nothing, so that its next session need not wait for a message. */
const IDLE_PART = 0.02;

/** A worker in which nobody waits may move so many times what it moved. */
const HEADROOM = 1.5;

/**
 * How a rate is divided among workers, so that sessions get equal parts in whichever worker they are: one in which nobody
 * waits gets what it uses and some more, the rest goes to the others by the number of sessions that wait there. The parts
 * add up to the limit.
 *
 * @param limit bytes a second.
 * @param demands of each worker, over `intervalMs`.
 */
export function sharesOf(limit: number, demands: readonly Demand[], intervalMs: number): readonly number[] {
  const idle = (limit * IDLE_PART) / Math.max(1, demands.length);
  const waiting = demands.reduce((sum, demand) => sum + demand.waiting, 0);
  const used = demands.map(({ bytes }) => (bytes * 1_000) / intervalMs);
  const wanted = demands.map((demand, index) =>
    demand.waiting > 0 ? idle : Math.max(idle, (used[index] ?? 0) * HEADROOM),
  );
  const sum = wanted.reduce((total, one) => total + one, 0);
  // Where many move a little they are more than the limit together: then nobody can have more than a part of it.
  const room = waiting > 0 ? limit * (1 - waiting / (waiting + demands.length)) : limit;
  const scale = sum > room ? room / sum : 1;
  const left = limit - sum * scale;
  return demands.map((demand, index) => {
    const own = (wanted[index] ?? 0) * scale;
    return own + (waiting > 0 ? (left * demand.waiting) / waiting : left / demands.length);
  });
}
