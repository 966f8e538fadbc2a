import type {
  SessionLimits,
  SessionSummary,
  SessionTask,
  Tunnel,
  WorkerReport,
} from '../../contract/messages.js';
import { SessionHost } from '../../workers/session/session-host.js';
import { RawCloud, type CloudPeer, type RawCloudOptions } from './raw-cloud.js';
import { Target } from './targets.js';
import { until, untilTrue } from './until.js';
import type net from 'node:net';

/** The defaults of the contract, with pings off. */
export const LIMITS: SessionLimits = {
  connectTimeoutMs: 10_000,
  idleTimeoutMs: 0,
  sessionDurationMs: 0,
  bootstrapBufferBytes: 65_536,
  bufferBytes: 262_144,
  maxMessageBytes: 16_777_216,
  webSocketPingMs: 0,
};

export function loopback(port: number, host = '127.0.0.1', address = '127.0.0.1'): SessionTask['target'] {
  return { host, port, addresses: [address] };
}

/** `ended reason` or `failed code`. */
export function brief(summary: SessionSummary): string {
  return summary.outcome === 'ended' ? `ended ${summary.reason}` : `failed ${summary.code}`;
}

/** A running session with both of its ends in the test's hands. */
export interface Running {
  readonly id: string;
  readonly summary: Promise<SessionSummary>;
}

/** A session host in this thread, with a raw cloud and a target around it. */
export class Rig {
  readonly reports: WorkerReport[] = [];
  #ids = 0;

  private constructor(
    readonly host: SessionHost,
    readonly cloud: RawCloud,
    readonly target: Target,
    reports: WorkerReport[],
  ) {
    this.reports = reports;
  }

  static async make(options: {
    readonly cloud?: RawCloudOptions;
    readonly target?: Target;
    readonly ca?: string;
  }): Promise<Rig> {
    const reports: WorkerReport[] = [];
    const host = new SessionHost({ ca: options.ca, minTlsVersion: 'TLSv1.2' }, (report) =>
      reports.push(report),
    );
    const cloud = await new RawCloud(options.cloud).listen();
    const target = await (options.target ?? new Target()).listen();
    return new Rig(host, cloud, target, reports);
  }

  start(
    limits: Partial<SessionLimits> = {},
    change: { readonly target?: SessionTask['target']; readonly tunnel?: Partial<Tunnel> } = {},
  ): Running {
    const task = this.#task({ ...LIMITS, ...limits });
    const tunnel = { ...task.tunnel, ...change.tunnel };
    const summary = this.host.run({ ...task, target: change.target ?? task.target, tunnel });
    return { id: task.sessionId, summary: until(`the end of ${task.sessionId}`, summary) };
  }

  /** A session whose limits may have getters, to throw where they are looked at. */
  run(limits: Partial<SessionLimits>): Promise<SessionSummary> {
    const withDefaults: SessionLimits = Object.create(
      LIMITS,
      Object.getOwnPropertyDescriptors(limits),
    ) as SessionLimits;
    return this.host.run(this.#task(withDefaults));
  }

  #task(limits: SessionLimits): SessionTask {
    this.#ids += 1;
    return {
      sessionId: `session-${this.#ids}`,
      target: loopback(this.target.port),
      tunnel: {
        url: this.cloud.url(),
        authorization: 'Basic dGVzdDp0ZXN0',
        endpoint: loopback(this.cloud.port),
      },
      limits,
    };
  }

  /** A session that is up. */
  async open(
    limits: Partial<SessionLimits> = {},
  ): Promise<Running & { readonly peer: CloudPeer; readonly socket: net.Socket }> {
    const running = this.start(limits);
    const [peer, socket] = await Promise.all([this.cloud.peer(), this.target.connection()]);
    await this.opened(running.id);
    return { ...running, peer, socket };
  }

  opened(id: string): Promise<void> {
    return untilTrue(`${id} being open`, () =>
      this.reports.some(({ opened }) => opened.some(({ sessionId }) => sessionId === id)),
    );
  }

  wasOpened(id: string): boolean {
    return this.reports.some(({ opened }) => opened.some(({ sessionId }) => sessionId === id));
  }

  async close(): Promise<void> {
    await Promise.all([this.cloud.close(), this.target.close()]);
  }
}
