import type {
  AdminBackend,
  ApprovalAnswer,
  ApprovalOutcome,
  ApprovalView,
  GenerationView,
  SessionView,
  StatusView,
  TotalsView,
} from '../admin/backend.js';
import type { Metrics } from '../admin/metrics.js';
import type { MetricsSource } from '../admin/metrics-page.js';
import { approvalsOfAll } from './elder-approvals.js';
import type { Question } from './messages.js';

/** Longest wait for what an elder shows, in ms: the admin listener answers without one that is stuck. */
const SHOW_MS = 500;

/** Longest wait for an elder to close a session, in ms; the admin listener itself waits 20 s. */
const CLOSE_MS = 25_000;

/** The generations before this one that still have sessions. */
export interface Elders {
  /** Their numbers, oldest first. */
  readonly alive: readonly number[];
  /** The answer; undefined when there is none within `limitMs`. */
  ask(generation: number, question: Question, limitMs: number): Promise<unknown>;
  /** Asks all of them and this one to drain. */
  drain(): void;
}

/** The agent as a whole: what this generation shows, with what its elders answer. */
export function wholeAgent(own: OwnBackend, elders: Elders): AdminBackend {
  const askAll = (question: Question): Promise<{ generation: number; answer: unknown }[]> =>
    Promise.all(
      elders.alive.map(async (elder) => ({
        generation: elder,
        answer: await elders.ask(elder, question, SHOW_MS),
      })),
    );
  return {
    readiness: () => own.readiness(),
    drain: () => elders.drain(),
    // Elders tell of theirs as they happen.
    operations: () => own.operations(),
    activity: () => own.activity(),
    status: async () => {
      const answers = await askAll({ kind: 'status' });
      const statuses = answers.map(({ answer }) => asStatus(answer));
      const all = [...statuses.filter((status) => status !== undefined), own.status()];
      const missing = answers.filter((_, index) => statuses[index] === undefined);
      return {
        ...own.status(),
        workers: all.flatMap(({ workers }) => workers),
        totals: sumOf(all.map(({ totals }) => totals)),
        generations: [
          ...missing.map((elder) => silent(elder.generation)),
          ...all.flatMap(({ generations }) => generations),
        ].sort((a, b) => a.generation - b.generation),
      };
    },
    sessions: async () => {
      const answers = await askAll({ kind: 'sessions' });
      return [...answers.flatMap(({ answer }) => asSessions(answer)), ...own.sessions()];
    },
    close: async (sessionId) => {
      const closed = await own.close(sessionId);
      if (closed === 'closed') return closed;
      const question = { kind: 'close', sessionId } as const;
      const answers = await Promise.all(elders.alive.map((elder) => elders.ask(elder, question, CLOSE_MS)));
      return answers.includes('closed') ? 'closed' : 'unknown';
    },
    ...approvalsOfAll(own, elders),
  };
}

/**
 * The metrics of the agent as a whole. What an elder counted stays in when it ends or does not answer, as it was last
 * seen: a sum that drops would be taken for a restart.
 */
export function wholeMetrics(own: Metrics, elders: Elders): MetricsSource {
  const seen = new Map<number, readonly unknown[]>();
  return {
    contentType: own.contentType,
    render: async () => {
      const question = { kind: 'metrics' } as const;
      const answering = new Set<number>();
      await Promise.all(
        elders.alive.map(async (elder) => {
          const answer = await elders.ask(elder, question, SHOW_MS);
          if (!Array.isArray(answer)) return;
          seen.set(elder, answer);
          answering.add(elder);
        }),
      );
      const all = [...seen].map(([elder, metrics]) =>
        answering.has(elder) ? metrics : metrics.filter(isCount),
      );
      return own.merged(all.map((metrics) => [...metrics]));
    },
  };
}

/** Whether a metric of a snapshot only ever grows. */
function isCount(metric: unknown): boolean {
  if (typeof metric !== 'object' || metric === null || !('type' in metric)) return false;
  return metric.type === 'counter' || metric.type === 'histogram';
}

/** What one generation shows of itself, without waiting. */
export interface OwnBackend extends AdminBackend {
  status(): StatusView;
  sessions(): readonly SessionView[];
  approvals(): readonly ApprovalView[];
  answerApproval(id: string, answer: ApprovalAnswer): ApprovalOutcome;
}

/** One that does not answer is shown as such: its sessions are there, but nobody knows how many. */
function silent(generation: number): GenerationView {
  const unknown = { pid: null, since: null, sessions: null, uplinkBytes: null, downlinkBytes: null };
  return { generation, ...unknown, draining: true, answers: false };
}

function asStatus(answer: unknown): StatusView | undefined {
  const isStatus =
    typeof answer === 'object' &&
    answer !== null &&
    'workers' in answer &&
    'totals' in answer &&
    'generations' in answer;
  return isStatus ? (answer as StatusView) : undefined;
}

function asSessions(answer: unknown): readonly SessionView[] {
  return Array.isArray(answer) ? (answer as SessionView[]) : [];
}

function sumOf(all: readonly TotalsView[]): TotalsView {
  const sum = (of: (totals: TotalsView) => number): number => all.reduce((total, one) => total + of(one), 0);
  return {
    sessionsActive: sum(({ sessionsActive }) => sessionsActive),
    sessionsOpened: sum(({ sessionsOpened }) => sessionsOpened),
    sessionsFailed: sum(({ sessionsFailed }) => sessionsFailed),
    operations: sum(({ operations }) => operations),
    uplinkBytes: sum(({ uplinkBytes }) => uplinkBytes),
    downlinkBytes: sum(({ downlinkBytes }) => downlinkBytes),
    workerRestarts: sum(({ workerRestarts }) => workerRestarts),
    statusOutbox: sum(({ statusOutbox }) => statusOutbox),
  };
}
