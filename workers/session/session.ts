import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { GatehouseError } from '../../contract/failure.js';
import type { SessionCounters, SessionEnding, SessionSummary, SessionTask } from '../../contract/messages.js';
import { codeBeforeOpen, type EndReason } from '../../contract/session-state.js';
import { dialCloud } from '../dial/cloud.js';
import type { HandshakeGate } from '../dial/handshake-gate.js';
import { codeOf } from '../dial/failure.js';
import { dialTarget } from '../dial/target.js';
import { finish, queuedBytes, type CloudWire, type Wire } from '../dial/wire.js';
import { Downlink, type DownlinkEvents } from '../relay/downlink.js';
import type { Violation } from '../relay/frame-reader.js';
import type { RelayMemory } from '../relay/memory.js';
import type { Ring } from '../relay/ring.js';
import { sharesOf, type Shares } from '../relay/share.js';
import { Uplink } from '../relay/uplink.js';
import { CloudSide } from './cloud-side.js';
import type { Progress } from './deadlines.js';
import {
  asFailure,
  cloudBroke,
  cloudClosed,
  cloudEnd,
  targetBroke,
  targetFin,
  type SideEnd,
} from './ending.js';
import { Life } from './life.js';
import { guarded, guardedRead, listen } from './guard.js';
import { Renewal } from './renewal.js';
import type { StormTurns } from './storm-turns.js';

/** What a session shares with the others of its thread. */
export interface SessionContext {
  readonly memory: RelayMemory;
  readonly tls: SecureContext;
  readonly handshakes: HandshakeGate;
  /** Cloud connections that end, all at once perhaps. */
  readonly storm: StormTurns;
  /** Monotonic, in ms. */
  readonly now: () => number;
  readonly onOpened: (sessionId: string, setupMs: number) => void;
  readonly onClosing: (sessionId: string, ending: SessionEnding) => void;
  /** The tunnel's token was answered 401; `renewal` of the session takes the answer. */
  readonly onUnauthorized: (sessionId: string) => void;
}

/**
 * One tunnel: dials target and cloud at the same time, joins them, and ends both when either ends.
 *
 *     target --Uplink--> cloud         the other way: cloud --Downlink--> target
 *
 * How it ends, by who ends it (each step has a deadline, see Deadlines):
 *
 *     target FIN     what is left goes up, close 1000 behind it; what the cloud still sends goes down until it closes
 *     target RST     what was read goes up, close 1011
 *     close frame    what came before it goes down, FIN behind it; the frame is answered
 *     cloud FIN/RST  the same without an answer
 *     from here      both directions stop, what was read is delivered, close 1001 and FIN
 */
export class Session {
  readonly renewal: Renewal;
  readonly #task: SessionTask;
  readonly #context: SessionContext;
  readonly #life: Life;
  readonly #cancel = new AbortController();
  readonly #uplink: Uplink;
  readonly #downlink: Downlink;
  #target: Socket | undefined;
  #bandwidth = 0;
  #cloud: CloudSide | undefined;
  /** What is to be done once the session is open, because the side that was up first has already ended. */
  #endedEarly: (() => void) | undefined;
  #resolve: (summary: SessionSummary) => void = () => undefined;

  constructor(task: SessionTask, context: SessionContext) {
    this.#task = task;
    this.#context = context;
    const { limits, sessionId } = task;
    this.#life = new Life({
      limits,
      now: context.now,
      progress: () => this.#progress(),
      onOpened: (setupMs) => context.onOpened(sessionId, setupMs),
      onClosing: (ending) => {
        // What is left goes at once: whoever closes has only so much time.
        this.#unthrottle();
        context.onClosing(sessionId, ending);
      },
    });
    this.renewal = new Renewal(() => context.onUnauthorized(sessionId));
    const onException = this.#onException;
    const target = { socket: (): Socket | undefined => this.#target, onException };
    this.#uplink = new Uplink(context.memory, target, limits.bootstrapBufferBytes);
    const cloud = { socket: (): Socket | undefined => this.#cloud?.socket, onException };
    const events: DownlinkEvents = {
      onPing: (payload) => this.#onPing(payload),
      onCloseFrame: (code, reason) => this.#onCloseFrame(code, reason),
      onViolation: (violation) => this.#onViolation(violation),
    };
    this.#downlink = new Downlink(context.memory, cloud, events, limits);
    this.#uplink.ring.beside(this.#downlink.ring);
    this.throttle(limits.bandwidthBytesPerSecond ?? 0);
  }

  get id(): string {
    return this.#task.sessionId;
  }

  get #isEncrypted(): boolean {
    return this.#task.tunnel.url.startsWith('wss:');
  }

  get #shares(): Shares {
    return sharesOf(this.#task.limits.bufferBytes, this.#isEncrypted);
  }

  get counters(): SessionCounters {
    return {
      sessionId: this.id,
      uplinkBytes: this.#uplink.ring.deliveredBytes,
      downlinkBytes: this.#downlink.ring.deliveredBytes,
    };
  }

  /** Memory held for bytes that were read and not yet taken by the other side, as far as it is ours. */
  get heldBytes(): number {
    const waitingBytes = this.#uplink.ring.waitingBytes + this.#downlink.ring.waitingBytes;
    // TLS holds what waits twice: as it was given and encrypted.
    return this.#isEncrypted ? waitingBytes * 2 : waitingBytes;
  }

  /** Runs the session to its end. Never rejects: failures are in the summary. */
  run(): Promise<SessionSummary> {
    const { target, tunnel, limits } = this.#task;
    const { handshakes, tls } = this.#context;
    const { signal } = this.#cancel;
    const onFailed = guarded(this.#onException, (error: unknown) => {
      this.#fail(asFailure(error));
      this.#sideGone();
    });
    const renew = (inner: AbortSignal) => this.renewal.wait(inner);
    const onTargetUp = guarded(this.#onException, (wire: Wire) => this.#onTargetUp(wire));
    const onCloudUp = guarded(this.#onException, (cloud: CloudWire) => this.#onCloudUp(cloud));
    // Both dials wait for the turn: a target that is up long before the cloud would see a silent connection.
    const turn = handshakes.enter(lateTurn, signal);
    turn.then(() => dialTarget(target, limits.connectTimeoutMs, signal)).then(onTargetUp, onFailed);
    turn
      .then((leave) => dialCloud(tunnel, tls, limits.connectTimeoutMs, signal, renew).finally(leave))
      .then(onCloudUp, onFailed);
    return new Promise((resolve) => (this.#resolve = resolve));
  }

  /** Ends the session from here; harmless when it is ending already. */
  close(reason: EndReason, detail: string): void {
    if (this.#life.state === 'connecting') {
      return this.#fail(new GatehouseError(codeBeforeOpen(reason), `Closed before it was up: ${detail}.`));
    }
    if (!this.#life.end(reason, detail)) return;
    this.#uplink.stop();
    this.#downlink.stop();
    this.#cloud?.close(1001, reason);
    finish(this.#target);
  }

  /** Ends the session from here and gives up what it holds: its memory is needed now. */
  abort(reason: EndReason, detail: string): void {
    this.close(reason, detail);
    this.#cut();
  }

  /** What may move in each direction from now on, in bytes a second; 0 = what the thread's share lets through. */
  throttle(bytesPerSecond = this.#bandwidth): void {
    this.#bandwidth = bytesPerSecond;
    const { uplink, downlink } = this.#context.memory.bandwidth;
    if (bytesPerSecond === 0 && !uplink.isLimited && !downlink.isLimited) return this.#unthrottle();
    if (this.#life.state === 'closing' || this.#life.state === 'closed') return;
    this.#uplink.ring.throttle((onFree) => uplink.throttle(bytesPerSecond, onFree));
    this.#downlink.ring.throttle((onFree) => downlink.throttle(bytesPerSecond, onFree));
  }

  #unthrottle(): void {
    this.#uplink.ring.unthrottle();
    this.#downlink.ring.unthrottle();
  }

  /** Looks at the deadlines; called a few times a second. */
  readonly tick = guarded(
    (error) => this.#onException(error),
    (nowMs: number): void => {
      const action = this.#life.check(nowMs);
      switch (action?.kind) {
        case undefined:
          return;
        case 'ping':
          return this.#cloud?.ping();
        case 'end':
          return this.close(action.reason, action.detail);
        case 'cut':
          this.#cut();
      }
    },
  );

  // ---- the target's side

  #onTargetUp(wire: Wire): void {
    const { socket } = wire;
    this.#target = socket;
    listen(socket, this.#onException, {
      onEnd: () => this.#onTargetEnded(targetFin(this.#task.target), 1000),
      onError: (error) => this.#onTargetBroke(codeOf(error)),
      onGone: () => this.#onTargetGone(),
    });
    wire.consume({
      readBuffer: () => this.#uplink.readBuffer(),
      onBytes: guardedRead(this.#onException, (buffer, length) => this.#uplink.onBytes(buffer, length)),
    });
    this.#downlink.ring.open(socket, this.#shares.downlink);
    this.#openIfBothUp();
    // A dial that was cancelled too late is let go like any other: with a FIN, and reading, because unread bytes
    // would turn it into a reset, and some PLCs count those.
    if (this.#life.state === 'closing') finish(socket);
    socket.resume();
  }

  #onTargetBroke(errno: string): void {
    this.#downlink.stop();
    this.#onTargetEnded(targetBroke(this.#task.target, errno), 1011);
  }

  /** What the target sent goes up before the close frame. */
  #onTargetEnded(end: SideEnd, closeCode: number): void {
    this.#sideEnded(this.#uplink.ring, end, () => {
      if (this.#life.end(end.reason, end.detail)) this.#cloud?.close(closeCode, end.reason);
    });
  }

  #onTargetGone(): void {
    this.#downlink.stop();
    if (this.#endedEarly === undefined) this.#onTargetBroke('');
    this.#sideGone();
  }

  // ---- the cloud's side

  #onCloudUp({ wire, takeHead }: CloudWire): void {
    const { socket } = wire;
    this.#cloud = new CloudSide(socket, this.#context.memory.masker, this.#context.now);
    listen(socket, this.#onException, {
      onEnd: () => this.#inStorm(() => this.#onCloudEnded(cloudEnd('cloud-fin'))),
      onError: () => this.#inStorm(() => this.#onCloudEnded(cloudEnd('cloud-reset'))),
      onGone: () => this.#inStorm(() => this.#onCloudGone()),
    });
    const onBytes = guardedRead(this.#onException, (buffer, length) =>
      this.#downlink.onBytes(buffer, length),
    );
    wire.consume({ readBuffer: () => this.#downlink.readBuffer(), onBytes });
    const head = takeHead();
    const { ending } = this.#life;
    // The target failed while the 101 was on its way: the close frame tells the user, who would otherwise wait.
    if (ending?.outcome === 'failed') this.#closeCloud(1011, ending.code);
    this.#downlink.gathers = this.#isEncrypted;
    this.#uplink.ring.open(socket, this.#shares.uplink);
    this.#openIfBothUp();
    const mayGoOn = head.length === 0 || onBytes(head, head.length);
    if (mayGoOn) socket.resume();
  }

  #onPing(payload: Buffer): Violation | undefined {
    if (this.#cloud?.onPing(payload) !== false) return undefined;
    return { closeCode: 1008, reason: 'ping-flood', sentence: 'more than 100 pings a second' };
  }

  #onCloseFrame(code: number, reason: string): void {
    this.#closeCloud(code, '');
    this.#onCloudEnded(cloudClosed(code, reason));
  }

  #onViolation({ closeCode, reason, sentence }: Violation): void {
    this.#closeCloud(closeCode, reason);
    this.#onCloudEnded(cloudBroke(reason, sentence));
  }

  /** What came from the cloud goes down before the FIN; nothing goes up any more. */
  #onCloudEnded(end: SideEnd): void {
    this.#downlink.flush();
    this.#uplink.stop();
    finish(this.#cloud?.socket);
    this.#sideEnded(this.#downlink.ring, end, () => {
      this.#life.end(end.reason, end.detail);
      finish(this.#target);
    });
  }

  #closeCloud(code: number, reason: string): void {
    this.#uplink.stop();
    this.#cloud?.close(code, reason);
    finish(this.#cloud?.socket);
  }

  /** The cloud's connections may all end in one moment; they are let go a few at a time, each in its order. */
  #inStorm(act: () => void): void {
    this.#context.storm.run(guarded(this.#onException, act));
  }

  #onCloudGone(): void {
    if (this.#endedEarly === undefined) this.#onCloudEnded(cloudEnd('cloud-reset'));
    this.#sideGone();
  }

  // ---- both

  #openIfBothUp(): void {
    if (this.#life.state !== 'connecting' || this.#target === undefined || this.#cloud === undefined) return;
    this.#life.open();
    this.#endedEarly?.();
  }

  /** One side ended. While the other one still connects, what this one has sent waits for it; else it failed. */
  #sideEnded(ring: Ring, { failure }: SideEnd, act: () => void): void {
    if (this.#life.state !== 'connecting') return act();
    this.#endedEarly ??= act;
    if (ring.waitingBytes === 0) this.#fail(failure());
  }

  /** A session that never opened: the side that is up is let go without a reset. */
  #fail(error: GatehouseError): void {
    if (!this.#life.fail(error)) return;
    this.#cancel.abort(error);
    this.#downlink.stop();
    this.#closeCloud(1011, error.code);
    finish(this.#target);
  }

  #cut(): void {
    this.#cloud?.socket.destroy();
    this.#target?.destroy();
  }

  #sideGone(): void {
    const summary = this.#life.sideGone(this.counters);
    if (summary !== undefined) this.#resolve(summary);
  }

  #progress(): Progress {
    const [uplink, downlink] = [this.#uplink.ring, this.#downlink.ring];
    return {
      uplinkBytes: uplink.deliveredBytes,
      downlinkBytes: downlink.deliveredBytes,
      uplinkWaiting: uplink.waitingBytes,
      downlinkWaiting: downlink.waitingBytes,
      // Thousands of quiet sessions are asked four times a second, so the kernel's handle is asked only when it matters.
      uplinkQueued: uplink.waitingBytes === 0 ? 0 : queuedBytes(this.#cloud?.socket),
      downlinkQueued: downlink.waitingBytes === 0 ? 0 : queuedBytes(this.#target),
      cloudReads: this.#downlink.reads,
      cloudPaused: downlink.isPaused,
    };
  }

  readonly #onException = (error: unknown): void => {
    this.#fail(asFailure(error));
    this.#life.end('internal-error', asFailure(error).message);
    this.#cut();
  };
}

function lateTurn(waitedMs: number): GatehouseError {
  const sentence = `More sessions were asked for at once than the cloud connected in ${waitedMs / 1000} s; connect again.`;
  return new GatehouseError('cloud-timeout', sentence);
}
