import { performance } from 'node:perf_hooks';
import type { AdminBackend, ResourceView, SessionView, StatusView, WorkerView } from '../admin/backend.js';
import type { OwnBackend } from '../generations/elders.js';
import type { GatewayConsent } from './consent.js';
import type { CloudLink } from '../cloud/intake.js';
import { LoopDelayMeter } from '../resources/loop-delay-meter.js';
import { RESOURCES, type Sample } from '../resources/sample.js';
import type { SwitchState } from '../switch/hard-switch.js';
import type { SessionRecord } from '../supervisor/session-registry.js';
import type { GatewayChronicle } from './chronicle.js';
import type { GatewayOptions } from './options.js';
import type { Supervisor } from '../supervisor/supervisor.js';
import { isoSecond } from '../supervisor/terms.js';

type LoopDelay = WorkerView['eventLoopDelay'];

interface WorkerFacts {
  readonly pid: number | null;
  loopDelay: LoopDelay;
  uplinkBytes: number;
  downlinkBytes: number;
  heldBytes: number;
}

/** Where the view asks for what it does not count itself. */
export interface BackendParts {
  readonly supervisor: Supervisor;
  readonly outboxSize: () => number;
  readonly resources: () => Sample;
  readonly drain: () => void;
  readonly chronicle: Pick<GatewayChronicle, 'operations' | 'activity' | 'reload'>;
  readonly consent: Pick<GatewayConsent, 'approvals' | 'switchState'>;
}

/** What the admin listener and its clients see of the agent. */
export class GatewayView {
  readonly workers = new Map<number, WorkerFacts>();
  link: CloudLink = { state: 'disconnected', reason: 'not connected yet' };
  draining = false;
  sessionsOpened = 0;
  sessionsFailed = 0;
  workerRestarts = 0;
  readonly #loop = new LoopDelayMeter(() => performance.now());
  #operations = 0;
  #uplinkBytes = 0;
  #downlinkBytes = 0;

  readonly #version: string;
  readonly #generation: number;
  /** It was started by a process that watches over all generations. */
  readonly #hasParent: boolean;
  /** External id of the gateway. */
  readonly #device: string;
  readonly #cloudUrl: string;

  constructor({ version, generation = 1, others, config }: GatewayOptions) {
    this.#version = version;
    this.#generation = generation;
    this.#hasParent = others !== undefined;
    this.#device = config.device.externalId;
    this.#cloudUrl = config.cloud.url;
  }

  /** @param pid of a worker that is a process of its own. */
  workerUp(worker: number, pid: number | undefined): void {
    this.workers.set(worker, {
      pid: pid ?? null,
      loopDelay: null,
      uplinkBytes: 0,
      downlinkBytes: 0,
      heldBytes: 0,
    });
  }

  workerDown(worker: number): void {
    this.workers.delete(worker);
  }

  loopDelay(worker: number, delay: NonNullable<LoopDelay>): void {
    const facts = this.workers.get(worker);
    if (facts !== undefined) facts.loopDelay = delay;
  }

  /** Memory that the worker's sessions hold for bytes under way. */
  held(worker: number, heldBytes: number): void {
    const facts = this.workers.get(worker);
    if (facts !== undefined) facts.heldBytes = heldBytes;
  }

  operation(): void {
    this.#operations += 1;
  }

  bytes(direction: 'uplink' | 'downlink', count: number, worker: number): void {
    const facts = this.workers.get(worker);
    if (direction === 'uplink') {
      this.#uplinkBytes += count;
      if (facts !== undefined) facts.uplinkBytes += count;
    } else {
      this.#downlinkBytes += count;
      if (facts !== undefined) facts.downlinkBytes += count;
    }
  }

  /** The agent as the admin listener wants it. */
  backend(parts: BackendParts): OwnBackend {
    const { supervisor } = parts;
    return {
      status: () => this.#status(parts),
      sessions: () => [...supervisor.registry.all()].map((record) => viewOf(record, this.#generation)),
      close: (sessionId) => supervisor.close(sessionId, 'admin', 'an operator closed it'),
      drain: () => parts.drain(),
      operations: () => parts.chronicle.operations(),
      activity: () => parts.chronicle.activity(),
      readiness: () => this.#readiness(parts.consent.switchState),
      approvals: () => parts.consent.approvals.list(),
      answerApproval: (id, answer) => parts.consent.approvals.answer(id, answer),
    };
  }

  #readiness(hardSwitch: SwitchState): ReturnType<AdminBackend['readiness']> {
    if (this.draining) return { ready: false, reason: 'The gateway is draining: it takes no new sessions.' };
    if (this.link.state === 'disconnected') return { ready: false, reason: this.link.reason };
    if (hardSwitch.state === 'off')
      return { ready: false, reason: `${hardSwitch.reason} ${hardSwitch.howTo}` };
    return { ready: true };
  }

  #status({ supervisor: { registry }, outboxSize, resources, consent, chronicle }: BackendParts): StatusView {
    const perWorker = new Map<number, number>();
    for (const { worker } of registry.all()) perWorker.set(worker, (perWorker.get(worker) ?? 0) + 1);
    return {
      version: this.#version,
      device: this.#device,
      pid: process.pid,
      parentPid: this.#hasParent ? process.ppid : null,
      uptimeSeconds: Math.round(process.uptime()),
      draining: this.draining,
      cloud: { url: this.#cloudUrl, ...this.link },
      switch: switchView(consent.switchState),
      generations: [
        {
          generation: this.#generation,
          pid: process.pid,
          since: new Date(Date.now() - process.uptime() * 1_000).toISOString(),
          sessions: registry.sessions,
          uplinkBytes: this.#uplinkBytes,
          downlinkBytes: this.#downlinkBytes,
          draining: this.draining,
          answers: true,
        },
      ],
      reload: chronicle.reload ?? null,
      eventLoopDelay: this.#loop.read(),
      resources: usages(resources()),
      workers: [...this.workers].map(
        ([worker, { pid, loopDelay, uplinkBytes, downlinkBytes, heldBytes }]) => ({
          worker,
          generation: this.#generation,
          pid,
          sessions: perWorker.get(worker) ?? 0,
          eventLoopDelay: loopDelay,
          uplinkBytes,
          downlinkBytes,
          heldBytes,
        }),
      ),
      totals: {
        sessionsActive: registry.sessions,
        sessionsOpened: this.sessionsOpened,
        sessionsFailed: this.sessionsFailed,
        operations: this.#operations,
        uplinkBytes: this.#uplinkBytes,
        downlinkBytes: this.#downlinkBytes,
        workerRestarts: this.workerRestarts,
        statusOutbox: outboxSize(),
      },
    };
  }
}

function usages(sample: Sample): ResourceView[] {
  return RESOURCES.flatMap((resource) => {
    const usage = sample[resource];
    return usage === undefined ? [] : [{ resource, ...usage }];
  });
}

function switchView(state: SwitchState): StatusView['switch'] {
  return state.state === 'off' ? { state: 'off', reason: `${state.reason} ${state.howTo}` } : state;
}

function viewOf(record: SessionRecord, generation: number): SessionView {
  return {
    id: record.id,
    operationId: record.operationId,
    deviceId: record.deviceId,
    conduit: record.conduit,
    host: record.host,
    port: record.port,
    state: record.state === 'closed' ? 'closing' : record.state,
    worker: record.worker,
    approval: record.approval?.kind ?? null,
    startedAt: new Date(record.sinceMs).toISOString(),
    openedAt: record.openedAtMs === undefined ? null : new Date(record.openedAtMs).toISOString(),
    endsAt: record.term.end === undefined ? null : isoSecond(record.term.end.realMs),
    endsBecause: record.term.end?.because ?? null,
    uplinkBytes: record.uplinkBytes,
    downlinkBytes: record.downlinkBytes,
    generation,
  };
}
