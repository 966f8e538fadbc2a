import type { Config } from '../../config/config.js';
import { EXIT } from '../../exit-codes.js';
import type { ExitCode } from '../../exit-codes.js';
import { Timeout } from './connection-error.js';
import type { Diagnosis, Fix } from './fault.js';
import type { Origin } from './setting.js';

/** What a probe found out. Sentences hold values and what to do, no secrets. */
export type Outcome =
  /** With fixes: nothing is wrong, but something is still to be done. */
  | { readonly status: 'ok'; readonly detail: string; readonly fixes?: readonly Fix[] }
  | { readonly status: 'skipped'; readonly detail: string }
  | ({ readonly status: 'failed'; readonly exit: ExitCode } & Diagnosis);

/** What probes find out for the ones behind them. */
export interface Facts {
  /** Id of the gateway's managed object, when it exists. */
  managedObjectId?: string;
  /** How a token for the device certificate was had. */
  tokenWay?: 'endpoint' | 'mqtt';
  /** The operations that it declares. */
  operations?: readonly string[];
  /** Our agent has run for that device before. */
  hasAgentRun?: boolean;
  /** What the credentials belong to, when the cloud tells. */
  user?: string | undefined;
  /** The roles of that user; undefined when the cloud does not tell. */
  roles?: ReadonlySet<string> | undefined;
  /** Names of what the tenant is subscribed to, in small letters; undefined when the cloud does not tell. */
  applications?: ReadonlySet<string> | undefined;
  /** An agent answers on this configuration's admin listener. */
  isAgentRunning?: boolean;
}

export interface ProbeContext {
  /** A probe that logs in puts what it got in place of what it logged in with. */
  config: Config;
  /** Where its values are written. */
  readonly origin: Origin;
  readonly facts: Facts;
  /** Wall clock, in ms since 1970. */
  readonly now: () => number;
}

/** One thing that is tried. */
export interface Probe {
  /** Stable name for `--json`. */
  readonly id: string;
  readonly title: string;
  /** Longest time it may take, in ms. */
  readonly deadlineMs: number;
  /** Probes without whose success it makes no sense. */
  readonly needs: readonly string[];
  /** Does not matter to others and may run beside its neighbours. */
  readonly isIndependent?: true;
  run(context: ProbeContext, signal: AbortSignal): Promise<Outcome>;
}

export interface ProbeResult {
  readonly id: string;
  readonly title: string;
  readonly outcome: Outcome;
  /** Time it took, in ms. */
  readonly tookMs: number;
}

export interface ProbeEvents {
  onStart(probe: Probe): void;
  onResult(result: ProbeResult): void;
}

/** Independent probes that run at once: quick for hundreds of targets, and no flood for a plant network. */
const MAX_PARALLEL = 16;

/** What cannot be built on, and why. */
type Blocked = Map<string, 'failed' | 'was skipped'>;

/** Runs probes in their order; results are told in that order too. One that fails skips those that need it. */
export async function runProbes(
  probes: readonly Probe[],
  context: ProbeContext,
  events: ProbeEvents,
): Promise<readonly ProbeResult[]> {
  const results: ProbeResult[] = [];
  const blocked: Blocked = new Map();
  for (const batch of batches(probes)) {
    const running = batch.map((probe) => runProbe(probe, blocked, context));
    for (const [index, probe] of batch.entries()) {
      events.onStart(probe);
      const result = await running[index];
      if (result === undefined) continue;
      const isBlocked = probe.needs.some((need) => blocked.has(need));
      if (result.outcome.status === 'failed') blocked.set(probe.id, 'failed');
      else if (isBlocked) blocked.set(probe.id, 'was skipped');
      results.push(result);
      events.onResult(result);
    }
  }
  return results;
}

function batches(probes: readonly Probe[]): Probe[][] {
  const result: Probe[][] = [];
  for (const probe of probes) {
    const last = result.at(-1);
    const fits = probe.isIndependent && last?.[0]?.isIndependent && last.length < MAX_PARALLEL;
    if (fits) last.push(probe);
    else result.push([probe]);
  }
  return result;
}

async function runProbe(probe: Probe, blocked: Blocked, context: ProbeContext): Promise<ProbeResult> {
  const { id, title, needs } = probe;
  const missing = needs.find((need) => blocked.has(need));
  if (missing !== undefined) {
    const detail = `needs ${missing}, which ${blocked.get(missing) ?? 'failed'}`;
    return { id, title, outcome: { status: 'skipped', detail }, tookMs: 0 };
  }
  const startedAt = performance.now();
  const outcome = await withDeadline(probe, context);
  return { id, title, outcome, tookMs: Math.round(performance.now() - startedAt) };
}

/** A probe turns the failures it expects into outcomes; what is left is told as it is, so that the others still run. */
async function withDeadline(probe: Probe, context: ProbeContext): Promise<Outcome> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const timeout = new Timeout(probe.deadlineMs);
      // First the probe itself, which knows a better sentence; its rejection settles the race.
      controller.abort(timeout);
      setImmediate(() => reject(timeout));
    }, probe.deadlineMs);
  });
  try {
    return await Promise.race([probe.run(context, controller.signal), deadline]);
  } catch (error) {
    const detail = error instanceof Error ? error.message : 'failed';
    const advice = 'this probe itself went wrong: run it again; if it stays, report it as a bug';
    return { status: 'failed', fault: 'check-failed', detail, advice, fixes: [], exit: EXIT.failed };
  } finally {
    clearTimeout(timer);
    controller.abort();
  }
}
