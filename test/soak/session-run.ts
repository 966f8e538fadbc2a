import type { Socket } from 'node:net';
import type { Tunnel } from '../../src/cli/connect/tunnel.js';
import { closed, sendStream } from './flow.js';
import { SESSION_FAULTS, type Plan } from './plan.js';
import { HEAD_BYTES, SoakCheck, SoakStream } from './stream.js';

/** Longest time from the end of one side until the other one has heard of it, in ms. */
const END_MS = 60_000;

/** What became of a session. */
export interface SessionResult {
  readonly plan: Plan;
  /** Bytes that arrived and were right, both directions. */
  readonly bytes: number;
  /** Bytes at a wrong place, a sentence each. */
  readonly wrong: readonly string[];
  readonly isCrossed: boolean;
  /** What did not arrive although it had to, or did not end; undefined when all is well. */
  readonly missing: string | undefined;
}

/** One session from the operator's end to the target's and back. */
export class SessionRun {
  readonly uplink: SoakCheck;
  readonly downlink: SoakCheck;
  /** Bytes that the target wrote. */
  uplinkSent = 0;
  #downlinkSent = 0;
  #targetEnd: Promise<void> | undefined;
  #onTarget: () => void = () => undefined;
  readonly #reached: Promise<void>;

  constructor(
    readonly plan: Plan,
    private readonly random: () => number,
  ) {
    this.#reached = new Promise((resolve) => (this.#onTarget = resolve));
    this.uplink = new SoakCheck(plan.session, 'uplink');
    this.downlink = new SoakCheck(plan.session, 'downlink');
  }

  /** Called by the target. */
  targetOpened(socket: Socket): void {
    this.#targetEnd = closed(socket);
    this.#onTarget();
  }

  /** Runs it over an open tunnel until both ends are gone. */
  async run(tunnel: Tunnel): Promise<SessionResult> {
    tunnel.on('error', () => undefined).on('data', (chunk: Buffer) => this.uplink.take(chunk));
    const tunnelEnd = new Promise<void>((resolve) => tunnel.once('end', resolve).once('close', resolve));
    void this.#send(tunnel);
    const isOver = await within(END_MS * 3, tunnelEnd);
    // The target may take a moment longer: what is left is delivered to it first.
    const isOverThere = await within(END_MS, this.#targetEnd ?? Promise.resolve());
    tunnel.destroy();
    return this.#result(isOver, isOverThere, tunnel.ending);
  }

  async #send(tunnel: Tunnel): Promise<void> {
    const { session, downlinkBytes, fault } = this.plan;
    tunnel.write(new SoakStream(session, 'head').next(HEAD_BYTES));
    const isCutShort = fault === 'operator-close' || fault === 'operator-cut';
    const total = isCutShort ? Math.ceil(downlinkBytes / 2) : downlinkBytes;
    this.#downlinkSent = await sendStream(tunnel, new SoakStream(session, 'downlink'), total, this.random);
    if (fault === 'operator-close') {
      // An operator who is gone before the gateway joins takes everything along: the cloud answers 404 then.
      await within(END_MS, this.#reached);
      await tunnel.close();
    }
    if (fault === 'operator-cut') tunnel.destroy();
  }

  #result(isOver: boolean, isOverThere: boolean, ending: Tunnel['ending']): SessionResult {
    const { plan, uplink, downlink } = this;
    const expected = SESSION_FAULTS[plan.fault];
    const uplinkDue = plan.fault === 'target-half-close' ? this.uplinkSent : plan.uplinkBytes;
    const downlinkDue = plan.fault === 'operator-close' ? this.#downlinkSent : plan.downlinkBytes;
    const missing = [
      ...(isOver ? [] : ['the tunnel did not end']),
      ...(isOverThere ? [] : ['the connection to the target did not end']),
      ...(expected.uplink === 'all' && uplink.bytes < uplinkDue
        ? [`uplink ended at ${uplink.bytes} of ${uplinkDue}`]
        : []),
      ...(expected.downlink === 'all' && downlink.bytes < downlinkDue
        ? [`downlink ended at ${downlink.bytes} of ${downlinkDue}`]
        : []),
    ];
    const wrong = [uplink.fault, downlink.fault].filter((fault) => fault !== undefined);
    return {
      plan,
      bytes: uplink.bytes + downlink.bytes,
      wrong,
      isCrossed: uplink.isCrossed || downlink.isCrossed,
      missing:
        missing.length === 0
          ? undefined
          : `session ${plan.session} (${plan.fault}): ${missing.join(', ')}; close code ${ending?.code ?? 'none'} ${ending?.detail ?? ''}`,
    };
  }
}

/** Whether it happens within `ms`. */
async function within(ms: number, promise: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const isDone = await Promise.race([promise.then(() => true), late]);
  clearTimeout(timer);
  return isDone;
}
