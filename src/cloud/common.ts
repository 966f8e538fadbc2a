import { performance } from 'node:perf_hooks';
import { Backoff } from './backoff.js';
import type { CloudOptions } from './cloud-options.js';
import type { CloudLink } from './intake.js';
import { LinkKeeper, type LinkKeeperOptions } from './link-keeper.js';
import type { Log } from './log.js';
import { DEFAULT_TIMING, type Timing } from './timing.js';

/** Everything that the parts of the device side share. */
export interface Common {
  readonly options: CloudOptions;
  readonly timing: Timing;
  readonly now: () => number;
  readonly monotonic: () => number;
  readonly newBackoff: () => Backoff;
}

/** Logs that the clocks differ, or agree again (0). */
export function tellSkew(log: Log, skewMs: number): void {
  if (skewMs === 0) log.info({}, "the gateway's clock agrees with the cloud's again");
  else log.warn({ skewMs }, "the gateway's clock differs from the cloud's");
}

/** The shared parts, with the defaults of what the options leave out. */
export function commonOf(options: CloudOptions): Common {
  const timing = { ...DEFAULT_TIMING, ...options.timing };
  const monotonic = options.monotonic ?? (() => performance.now());
  return {
    options,
    timing,
    monotonic,
    now: options.now ?? (() => Date.now()),
    newBackoff: () => new Backoff(timing.backoff, monotonic, options.random),
  };
}

/** Keeps the control connection. Each time it is up, what waits for it goes out at once. */
export function keeperOf(
  { newBackoff, options: { log } }: Common,
  parts: Pick<LinkKeeperOptions, 'attempt'> & {
    readonly waiting: readonly { retryNow(): void }[];
    readonly onLink: (link: CloudLink) => void;
  },
): LinkKeeper {
  const { attempt, waiting, onLink } = parts;
  return new LinkKeeper({
    attempt,
    onLink: (link) => {
      if (link.state === 'connected') for (const each of waiting) each.retryNow();
      onLink(link);
    },
    backoff: newBackoff(),
    log,
  });
}
