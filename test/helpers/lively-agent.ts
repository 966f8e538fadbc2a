import { ActivitySamples } from '../../src/admin/activity/activity-samples.js';
import { AdminServer } from '../../src/admin/admin-server.js';
import type {
  ActivityView,
  AdminBackend,
  ApprovalAnswer,
  ApprovalOutcome,
  ApprovalView,
  OperationView,
  SessionView,
  StatusView,
} from '../../src/admin/backend.js';
import { dashboardPages } from '../../src/gateway/pages.js';
import { STATUS } from '../unit/admin/admin-helpers.js';
import { Secret } from '../../contract/secret.js';
import { randomNumbers } from './seeded-bytes.js';

const CONDUITS = ['packaging-hmis', 'line-3-plcs', 'engineering-ssh', 'boiler-house'];
const PORTS = [5900, 102, 22, 8080];

/** How far back its samples go, in ms. */
const HISTORY_MS = 15 * 60_000;

/** An agent that is all show: as many sessions as a test wants, that move bytes each time one looks. */
export class LivelyAgent implements AdminBackend {
  list: SessionView[];
  recent: OperationView[] = [];
  more: Partial<StatusView> = {};
  waiting: readonly ApprovalView[] = [];
  readonly answers: (ApprovalAnswer & { readonly id: string })[] = [];
  links: ActivityView['links'] = [{ at: at(-3_600_000), state: 'connected' }];
  refusals: ActivityView['refusals'] = [];
  reloads: ActivityView['reloads'] = [];
  /** Sessions that end, and others that begin in their place, each time one looks. */
  churn = 0;
  /** What an end of a session waits for. */
  closing: Promise<void> = Promise.resolve();
  /** How often it was looked at. */
  looks = 0;
  readonly #random = randomNumbers('lively');
  readonly #samples = new ActivitySamples();
  readonly #moved = { uplinkBytes: 0, downlinkBytes: 0 };
  #lastMs = Date.now() - HISTORY_MS;
  #begun: number;

  constructor(sessions: number) {
    this.list = Array.from({ length: sessions }, (_, index) => session(index, this.#random));
    this.#begun = sessions;
    const nowMs = Date.now();
    for (let second = HISTORY_MS / 1_000; second >= 0; second -= 1)
      this.#sample(nowMs - second * 1_000, sessions * (0.8 + 0.2 * Math.cos(second / 90)));
  }

  /** What has been moved since the sample before goes up and down, as it does on a working day. */
  #sample(atMs: number, sessions: number): void {
    const seconds = (atMs - this.#lastMs) / 1_000;
    const rate = 2 + Math.sin(atMs / 40_000) + this.#random();
    this.#moved.uplinkBytes += Math.round(seconds * sessions * 4_000 * rate);
    this.#moved.downlinkBytes += Math.round(seconds * sessions * 600 * (1 + this.#random()));
    this.#lastMs = atMs;
    this.#samples.take(atMs, [{ generation: 1, sessions: Math.round(sessions), ...this.#moved }]);
  }

  /** The admin listener in front of it. */
  async listen(token?: string): Promise<{ readonly url: string; readonly server: AdminServer }> {
    const server = new AdminServer({
      listen: { kind: 'tcp', host: '127.0.0.1', port: 0 },
      backend: this,
      token: token === undefined ? undefined : new Secret(token),
      pages: dashboardPages(),
      metrics: { contentType: 'text/plain', render: () => Promise.resolve('') },
      onError: (error) => {
        throw error;
      },
      now: () => performance.now(),
    });
    const address = await server.start();
    return { server, url: `http://127.0.0.1:${address?.kind === 'tcp' ? address.port : 0}` };
  }

  status(): StatusView {
    this.looks += 1;
    const workers = [1, 2, 3, 4].map((worker) => ({
      worker,
      generation: 1,
      pid: null,
      sessions: Math.round(this.list.length / 4),
      eventLoopDelay: { p50Ms: 0.3, p99Ms: worker === 4 ? 63 : 1.2 + worker, maxMs: 70 },
      uplinkBytes: 1e9,
      downlinkBytes: 1e8,
      heldBytes: worker * 40_000,
    }));
    const totals = { ...STATUS.totals, sessionsActive: this.list.length };
    return { ...STATUS, workers, totals, ...this.more };
  }

  sessions(): readonly SessionView[] {
    const young = Array.from({ length: this.churn }, () => session(this.#begun++, this.#random));
    this.list = [...this.list.slice(this.churn), ...young].map((one, index) =>
      one.state !== 'open' || index % 3 === 0
        ? one
        : {
            ...one,
            uplinkBytes: one.uplinkBytes + Math.round(this.#random() * 40_000),
            downlinkBytes: one.downlinkBytes + Math.round(this.#random() * 4_000),
          },
    );
    return this.list;
  }

  operations(): readonly OperationView[] {
    return this.recent;
  }

  activity(): ActivityView {
    this.#sample(Date.now(), this.list.length);
    return {
      samples: this.#samples.list(),
      links: this.links,
      refusals: this.refusals,
      reloads: this.reloads,
    };
  }

  async close(id: string): Promise<'closed' | 'unknown'> {
    await this.closing;
    const before = this.list.length;
    this.list = this.list.filter((one) => one.id !== id);
    return before === this.list.length ? 'unknown' : 'closed';
  }

  approvals(): readonly ApprovalView[] {
    return this.waiting;
  }

  answerApproval(id: string, answer: ApprovalAnswer): ApprovalOutcome {
    this.answers.push({ id, ...answer });
    this.waiting = this.waiting.filter((one) => one.id !== id);
    return { kind: 'taken' };
  }

  drain(): void {
    this.more = { ...this.more, draining: true };
  }

  readiness(): { ready: true } {
    return { ready: true };
  }
}

function session(index: number, random: () => number): SessionView {
  const kind = index % CONDUITS.length;
  const openedAt = index % 250 === 7 ? null : at(-7_200_000 * random() ** 3);
  return {
    id: `s${index.toString(16).padStart(9, '0')}`,
    operationId: String(40_000 + index),
    deviceId: String(1_200 + (index % 40)),
    conduit: CONDUITS[kind] ?? '',
    host: `10.0.${5 + kind}.${1 + (index % 250)}`,
    port: PORTS[kind] ?? 0,
    state: openedAt === null ? 'connecting' : 'open',
    worker: openedAt === null ? 0 : 1 + (index % 4),
    startedAt: openedAt ?? at(-1_000),
    approval: null,
    endsAt: null,
    endsBecause: null,
    openedAt,
    uplinkBytes: openedAt === null ? 0 : Math.round(random() ** 4 * 4e9),
    downlinkBytes: openedAt === null ? 0 : Math.round(random() ** 4 * 2e8),
    generation: 1,
  };
}

/** ISO time, `ms` from now. */
export function at(ms: number): string {
  return new Date(Date.now() + ms).toISOString();
}

/** Operations as a plant has them: most come to a session, some are refused. */
export function plantOperations(): OperationView[] {
  const base = { deviceId: '1207', generation: 1, code: null, reason: null, endReason: null };
  const none = { endedAt: null, uplinkBytes: null, downlinkBytes: null };
  return [
    {
      ...base,
      ...none,
      operationId: '40123',
      host: '10.0.5.7',
      port: 5900,
      conduit: 'packaging-hmis',
      sessionId: 's1',
      outcome: 'open',
      startedAt: at(-40_000),
    },
    {
      ...base,
      ...none,
      operationId: '40122',
      host: '10.0.9.4',
      port: 23,
      conduit: null,
      sessionId: null,
      outcome: 'refused',
      code: 'policy-denied',
      reason: 'No conduit allows 10.0.9.4:23; add one if this path is wanted.',
      startedAt: at(-95_000),
      endedAt: at(-95_000),
    },
    {
      ...base,
      ...none,
      operationId: '40121',
      host: '10.0.6.12',
      port: 102,
      conduit: 'line-3-plcs',
      sessionId: 's2',
      outcome: 'failed',
      code: 'target-refused',
      reason: '10.0.6.12:102 refused the connection: nothing listens on this port.',
      startedAt: at(-200_000),
      endedAt: at(-199_000),
    },
    {
      ...base,
      operationId: '40120',
      host: '10.0.5.9',
      port: 5900,
      conduit: 'packaging-hmis',
      sessionId: 's3',
      outcome: 'ended',
      endReason: 'cloud-close',
      startedAt: at(-900_000),
      endedAt: at(-300_000),
      uplinkBytes: 18_400_000,
      downlinkBytes: 210_000,
    },
  ];
}
