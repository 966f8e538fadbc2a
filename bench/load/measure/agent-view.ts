import { setTimeout as pause } from 'node:timers/promises';
import type { StatusView } from '../../../src/admin/backend.js';

/** The agent as its admin listener shows it. */
export interface AgentView {
  /** 99th percentile of the main thread's event-loop delay over the last second, in ms. */
  readonly mainLoopMs: number | undefined;
  /** The worst worker's, in ms. */
  readonly workerLoopMs: number | undefined;
  readonly workers: number;
  readonly sessions: number;
  readonly uplinkBytes: number;
  readonly downlinkBytes: number;
  readonly workerRestarts: number;
  readonly statusOutbox: number;
}

/** Longest wait for one answer, in ms: a main thread that is busier than this is worth a gap in the plot. */
const ANSWER_MS = 2_000;

/** Longest wait for the agent to be done with its sessions, and how often it is asked, in ms. */
const IDLE_MS = 5_000;
const IDLE_STEP_MS = 100;

/**
 * prom-client samples the delay with a timer of this period, in ms, and node:perf_hooks counts the period in: an idle
 * loop shows 10 ms.
 */
const MAIN_RESOLUTION_MS = 10;

/** Asks the admin listener at `adminUrl`; undefined when it does not answer in time. */
export async function agentView(adminUrl: string): Promise<AgentView | undefined> {
  try {
    const [status, metrics] = await Promise.all([
      get(`${adminUrl}/api/status`).then((response) => response.json() as Promise<StatusView>),
      get(`${adminUrl}/metrics`).then((response) => response.text()),
    ]);
    const { totals, workers } = status;
    const delays = workers.flatMap(({ eventLoopDelay }) => eventLoopDelay?.p99Ms ?? []);
    return {
      mainLoopMs: mainLoopMs(metrics),
      workerLoopMs: delays.length === 0 ? undefined : Math.max(...delays),
      workers: workers.length,
      sessions: totals.sessionsActive,
      uplinkBytes: totals.uplinkBytes,
      downlinkBytes: totals.downlinkBytes,
      workerRestarts: totals.workerRestarts,
      statusOutbox: totals.statusOutbox,
    };
  } catch {
    return undefined;
  }
}

/** The agent once its last session is gone and the cloud has every status, or as it is after IDLE_MS. */
export async function idleAgentView(adminUrl: string): Promise<AgentView | undefined> {
  const deadlineMs = performance.now() + IDLE_MS;
  for (;;) {
    const view = await agentView(adminUrl);
    const isIdle = view?.sessions === 0 && view.statusOutbox === 0;
    if (isIdle || performance.now() > deadlineMs) return view;
    await pause(IDLE_STEP_MS);
  }
}

/** From the text of /metrics. */
export function mainLoopMs(metrics: string): number | undefined {
  const match = /^nodejs_eventloop_lag_p99_seconds (\S+)$/m.exec(metrics);
  const ms = Number(match?.[1]) * 1_000;
  return Number.isFinite(ms) ? Math.max(0, ms - MAIN_RESOLUTION_MS) : undefined;
}

async function get(url: string): Promise<Response> {
  const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return response;
}
