import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { SecureContext } from 'node:tls';
import { DEMAND_MS, MAX_WEIGHED_SESSIONS, SWITCH_OFF_MS } from '../../contract/limits.js';
import type {
  SessionCounters,
  SessionSummary,
  SessionTask,
  SessionWeight,
  WorkerCommand,
  WorkerReport,
  WorkerSettings,
} from '../../contract/messages.js';
import { tlsContext } from '../dial/cloud.js';
import { HandshakeGate } from '../dial/handshake-gate.js';
import { RelayMemory } from '../relay/memory.js';
import { AwakeClock } from './awake-clock.js';
import { Reporter } from './reporter.js';
import { Session, type SessionContext } from './session.js';
import { StormTurns } from './storm-turns.js';

/** How often deadlines are looked at, in ms: the precision of every deadline but those of the dials. */
const TICK_MS = 250;

/** Counters travel every fourth tick. */
const TICKS_PER_REPORT = 4;

/** Resolution of the event-loop delay histogram, in ms. */
const LOOP_RESOLUTION_MS = 20;

const NANOSECONDS_PER_MS = 1e6;

/** All sessions of one worker. */
export class SessionHost {
  readonly #sessions = new Map<string, Session>();
  readonly #reported = new Map<string, number>();
  readonly #context: SessionContext;
  readonly #reporter: Reporter;
  readonly #clock = new AwakeClock(() => performance.now());
  readonly #loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  #ticks = 0;
  #demandTimer: NodeJS.Timeout | undefined;
  #wasQuiet = true;

  constructor(settings: WorkerSettings, post: (report: WorkerReport) => void) {
    this.#reporter = new Reporter(
      {
        changedCounters: () => this.#changedCounters(),
        loopDelay: () => this.#loopDelay(),
        heldBytes: () => this.#heldBytes(),
      },
      post,
    );
    const { now } = this.#clock;
    let context: SecureContext | undefined;
    this.#context = {
      memory: new RelayMemory(now),
      // Once, and not before the first dial that needs it: reading the roots takes some 30 ms.
      get tls() {
        return (context ??= tlsContext(settings.ca, settings.minTlsVersion));
      },
      handshakes: new HandshakeGate(),
      storm: new StormTurns(),
      now,
      onOpened: (sessionId, setupMs) => this.#reporter.opened(sessionId, setupMs),
      onClosing: (sessionId, ending) => this.#reporter.closing(sessionId, ending),
      onUnauthorized: (sessionId) => this.#reporter.unauthorized(sessionId),
    };
    this.#loop.enable();
    setInterval(() => this.#tick(), TICK_MS).unref();
  }

  /** Runs one session to its end. */
  async run(task: SessionTask): Promise<SessionSummary> {
    const session = new Session(task, this.#context);
    this.#sessions.set(session.id, session);
    this.#reporter.started(session.id);
    try {
      return await session.run();
    } finally {
      this.#sessions.delete(session.id);
      this.#reported.delete(session.id);
      // Events of this session must not arrive behind its result.
      this.#reporter.flush();
    }
  }

  command(command: WorkerCommand): void {
    switch (command.kind) {
      case 'weigh':
        return this.#reporter.sendHeaviest(this.#heaviest());
      case 'bandwidth':
        return this.#limitBandwidth(command);
      case 'session-bandwidth':
        return this.#sessions.get(command.sessionId)?.throttle(command.bytesPerSecond);
      case 'authorization':
        return this.#sessions.get(command.sessionId)?.renewal.answered(command.authorization ?? undefined);
      case 'close':
        return this.#close(command);
    }
  }

  #close({ sessionId, reason, detail }: Extract<WorkerCommand, { kind: 'close' }>): void {
    const session = this.#sessions.get(sessionId);
    if (reason === 'overload') session?.abort(reason, detail);
    else session?.close(reason, detail);
    // The plant's switch cannot wait for a side that takes its time.
    if (reason === 'switched-off') setTimeout(() => session?.abort(reason, detail), SWITCH_OFF_MS).unref();
  }

  #limitBandwidth({ uplink, downlink }: Extract<WorkerCommand, { kind: 'bandwidth' }>): void {
    const { bandwidth } = this.#context.memory;
    const wasLimited = bandwidth.uplink.isLimited || bandwidth.downlink.isLimited;
    bandwidth.uplink.limit(uplink);
    bandwidth.downlink.limit(downlink);
    const isLimited = uplink > 0 || downlink > 0;
    if (isLimited === wasLimited) return;
    // A session without any limit asks nobody.
    for (const session of this.#sessions.values()) session.throttle();
    clearInterval(this.#demandTimer);
    if (isLimited) this.#demandTimer = setInterval(() => this.#reportDemand(), DEMAND_MS).unref();
  }

  /** That nothing moved and nobody waits is told once. */
  #reportDemand(): void {
    const { uplink, downlink } = this.#context.memory.bandwidth;
    const demand = { uplink: uplink.demand(), downlink: downlink.demand() };
    const isQuiet = [demand.uplink, demand.downlink].every(
      ({ bytes, waiting }) => bytes === 0 && waiting === 0,
    );
    if (!isQuiet || !this.#wasQuiet) this.#reporter.sendDemand(demand);
    this.#wasQuiet = isQuiet;
  }

  #tick(): void {
    this.#clock.tick(TICK_MS);
    const nowMs = this.#context.now();
    for (const session of this.#sessions.values()) session.tick(nowMs);
    this.#ticks += 1;
    // Loading the thread held its loop before there was any session.
    if (this.#ticks === 1) this.#loop.reset();
    if (this.#ticks % TICKS_PER_REPORT === 0) this.#reporter.sendCounters();
  }

  #changedCounters(): SessionCounters[] {
    const changed: SessionCounters[] = [];
    for (const { counters } of this.#sessions.values()) {
      const total = counters.uplinkBytes + counters.downlinkBytes;
      if (this.#reported.get(counters.sessionId) === total) continue;
      this.#reported.set(counters.sessionId, total);
      changed.push(counters);
    }
    return changed;
  }

  #heldBytes(): number {
    let heldBytes = 0;
    for (const session of this.#sessions.values()) heldBytes += session.heldBytes;
    return heldBytes;
  }

  #heaviest(): SessionWeight[] {
    const weights: SessionWeight[] = [];
    for (const { id: sessionId, heldBytes } of this.#sessions.values()) {
      if (heldBytes > 0) weights.push({ sessionId, heldBytes });
    }
    return weights.sort((a, b) => b.heldBytes - a.heldBytes).slice(0, MAX_WEIGHED_SESSIONS);
  }

  #loopDelay(): WorkerReport['loopDelay'] {
    const loop = this.#loop;
    const ms = (nanoseconds: number): number =>
      Math.max(0, nanoseconds / NANOSECONDS_PER_MS - LOOP_RESOLUTION_MS);
    const delay = { p50Ms: ms(loop.percentile(50)), p99Ms: ms(loop.percentile(99)), maxMs: ms(loop.max) };
    loop.reset();
    return delay;
  }
}
