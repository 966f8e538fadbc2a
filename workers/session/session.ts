import type { Socket } from 'node:net';
import type tls from 'node:tls';
import { GatehouseError, type FailureCode } from '../../contract/failure.js';
import type { SessionCounters, SessionSummary, SessionTask } from '../../contract/messages.js';
import { next, type EndReason, type SessionState } from '../../contract/session-state.js';
import { dialCloud, type CloudWire } from '../dial/cloud.js';
import { codeOf, describe } from '../dial/failure.js';
import { dialTarget } from '../dial/target.js';
import type { Wire } from '../dial/wire.js';
import { Downlink } from '../relay/downlink.js';
import type { Violation } from '../relay/frame-reader.js';
import type { RelayMemory } from '../relay/memory.js';
import { Uplink } from '../relay/uplink.js';
import { CloudSide } from './cloud-side.js';
import { Deadlines, type Progress } from './deadlines.js';
import { guarded, guardedRead } from './guard.js';

/** What a session shares with the others of its thread. */
export interface SessionContext {
  readonly memory: RelayMemory;
  readonly tls: tls.SecureContext;
  /** Monotonic, in ms. */
  readonly now: () => number;
  readonly onOpened: (session: Session, setupMs: number) => void;
  readonly onClosing: (session: Session) => void;
}

/** How the session's end began; a later cause changes nothing. */
type Ending =
  | { readonly outcome: 'failed'; readonly code: FailureCode; readonly sentence: string }
  | { readonly outcome: 'ended'; readonly reason: EndReason; readonly detail: string };

/** One side that ended while the other still connects; what it had sent before is delivered first. */
interface EarlyEnd {
  readonly code: FailureCode;
  readonly sentence: string;
  readonly act: () => void;
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
  readonly #task: SessionTask;
  readonly #context: SessionContext;
  readonly #startedAtMs: number;
  readonly #cancel = new AbortController();
  readonly #uplink: Uplink;
  readonly #downlink: Downlink;
  #target: Socket | undefined;
  #cloud: CloudSide | undefined;
  #state: SessionState = 'connecting';
  #ending: Ending | undefined;
  #targetEndedEarly: EarlyEnd | undefined;
  #cloudEndedEarly: EarlyEnd | undefined;
  #deadlines: Deadlines | undefined;
  #setupMs = 0;
  #openedAtMs = 0;
  /** Sides that may still hold a socket. */
  #sides = 2;
  #resolve: (summary: SessionSummary) => void = () => undefined;

  constructor(task: SessionTask, context: SessionContext) {
    this.#task = task;
    this.#context = context;
    this.#startedAtMs = context.now();
    const { limits } = task;
    this.#uplink = new Uplink(context.memory, () => this.#target, limits.bootstrapBufferBytes);
    const cloudSocket = (): Socket | undefined => this.#cloud?.socket;
    const onPing = (payload: Buffer): void => this.#onPing(payload);
    const onCloseFrame = (code: number, reason: string): void => this.#onCloseFrame(code, reason);
    const onViolation = (violation: Violation): void => this.#onViolation(violation);
    this.#downlink = new Downlink(context.memory, cloudSocket, { onPing, onCloseFrame, onViolation }, limits);
  }

  get id(): string {
    return this.#task.sessionId;
  }

  get counters(): SessionCounters {
    return {
      sessionId: this.id,
      uplinkBytes: this.#uplink.ring.deliveredBytes,
      downlinkBytes: this.#downlink.ring.deliveredBytes,
    };
  }

  /** Runs the session to its end. Never rejects: failures are in the summary. */
  run(): Promise<SessionSummary> {
    const { target, tunnel, limits } = this.#task;
    const { signal } = this.#cancel;
    const onFailed = (error: unknown): void => {
      this.#fail(asFailure(error));
      this.#sideGone();
    };
    dialTarget(target, limits.connectTimeoutMs, signal).then((wire) => this.#onTargetUp(wire), onFailed);
    dialCloud(tunnel, this.#context.tls, limits.connectTimeoutMs, signal).then(
      (cloud) => this.#onCloudUp(cloud),
      onFailed,
    );
    return new Promise((resolve) => (this.#resolve = resolve));
  }

  /** Ends the session from here; harmless when it is ending already. */
  close(reason: EndReason, detail: string): void {
    if (this.#state === 'connecting') {
      return this.#fail(new GatehouseError('cancelled', `Closed before it was up: ${detail}.`));
    }
    if (!this.#end(reason, detail)) return;
    this.#uplink.stop();
    this.#downlink.stop();
    this.#cloud?.close(1001, reason);
    this.#target?.end();
  }

  /** Looks at the deadlines; called a few times a second. */
  tick(nowMs: number): void {
    const action = this.#deadlines?.check(this.#progress(), nowMs);
    switch (action?.kind) {
      case undefined:
        return;
      case 'ping':
        return this.#cloud?.ping();
      case 'end':
        return this.close(action.reason, action.detail);
      case 'cut':
        this.#cloud?.socket.destroy();
        this.#target?.destroy();
    }
  }

  // ---- the target's side

  #onTargetUp(wire: Wire): void {
    const { socket } = wire;
    this.#target = socket;
    if (socket.closed) return this.#onTargetGone();
    socket.on(
      'close',
      guarded(this.#onException, () => this.#onTargetGone()),
    );
    if (this.#state !== 'connecting') return void socket.destroy();
    socket.on(
      'end',
      guarded(this.#onException, () => this.#onTargetEnd()),
    );
    socket.on(
      'error',
      guarded(this.#onException, (error) => this.#onTargetError(error)),
    );
    wire.consume({
      readBuffer: () => this.#uplink.readBuffer(),
      onBytes: guardedRead(this.#onException, (buffer, length) => this.#uplink.onBytes(buffer, length)),
    });
    this.#downlink.ring.open(socket, this.#task.limits.bufferBytes);
    this.#openIfBothUp();
    socket.resume();
  }

  #onTargetEnd(): void {
    const act = (): void => {
      if (this.#end('target-fin', 'the target closed the connection')) this.#cloud?.close(1000, 'target-fin');
    };
    if (this.#state !== 'connecting') return act();
    const sentence = `${describe(this.#task.target)} closed the connection before it was in use.`;
    this.#targetEndedEarly ??= { code: 'target-reset', sentence, act };
    if (this.#uplink.ring.waitingBytes === 0) this.#failEarly(this.#targetEndedEarly);
  }

  #onTargetError(error: Error): void {
    const reason = codeOf(error) === 'ETIMEDOUT' ? 'target-timeout' : 'target-reset';
    const act = (): void => {
      this.#downlink.stop();
      if (this.#end(reason, `the target's connection broke (${codeOf(error)})`))
        this.#cloud?.close(1011, reason);
    };
    if (this.#state !== 'connecting') return act();
    const sentence = `${describe(this.#task.target)} reset the connection before it was in use.`;
    this.#targetEndedEarly ??= { code: 'target-reset', sentence, act };
    if (this.#uplink.ring.waitingBytes === 0) this.#failEarly(this.#targetEndedEarly);
  }

  #onTargetGone(): void {
    this.#downlink.stop();
    if (this.#targetEndedEarly === undefined) this.#onTargetError(new Error('closed'));
    this.#sideGone();
  }

  // ---- the cloud's side

  #onCloudUp({ wire, head }: CloudWire): void {
    const { socket } = wire;
    const cloud = new CloudSide(socket, this.#context.memory.masker, this.#context.now);
    this.#cloud = cloud;
    if (socket.closed) return this.#onCloudGone();
    socket.on(
      'close',
      guarded(this.#onException, () => this.#onCloudGone()),
    );
    if (this.#state !== 'connecting') return this.#refuseLateCloud(cloud);
    socket.on(
      'end',
      guarded(this.#onException, () => this.#onCloudEnd('cloud-fin')),
    );
    socket.on(
      'error',
      guarded(this.#onException, () => this.#onCloudEnd('cloud-reset')),
    );
    const onBytes = guardedRead(this.#onException, (buffer, length) =>
      this.#downlink.onBytes(buffer, length),
    );
    wire.consume({ readBuffer: () => this.#downlink.readBuffer(), onBytes });
    this.#uplink.ring.open(socket, this.#task.limits.bufferBytes);
    this.#openIfBothUp();
    const mayGoOn = head.length === 0 || onBytes(head, head.length);
    if (mayGoOn) socket.resume();
  }

  /** The target failed while the upgrade was on its way: the user is told by the close frame instead of waiting. */
  #refuseLateCloud(cloud: CloudSide): void {
    cloud.close(1011, this.#ending?.outcome === 'failed' ? this.#ending.code : 'cancelled');
    cloud.socket.end();
    cloud.socket.resume();
  }

  #onPing(payload: Buffer): void {
    if (this.#cloud?.onPing(payload) !== false) return;
    this.#onViolation({ closeCode: 1008, reason: 'ping-flood', sentence: 'more than 100 pings a second' });
  }

  #onCloseFrame(code: number, reason: string): void {
    const act = (): void => {
      this.#end('cloud-close', reason === '' ? String(code) : `${code} ${reason}`);
      this.#uplink.stop();
      this.#cloud?.close(code, '');
      this.#cloud?.socket.end();
      this.#target?.end();
    };
    this.#endCloudOrWait(`The cloud closed the tunnel (${code}) before the target was connected.`, act);
  }

  #onCloudEnd(reason: 'cloud-fin' | 'cloud-reset'): void {
    const act = (): void => {
      this.#end(reason, 'the cloud ended the connection without a close frame');
      this.#uplink.stop();
      this.#cloud?.socket.end();
      this.#target?.end();
    };
    this.#endCloudOrWait('The cloud ended the tunnel before the target was connected.', act);
  }

  /** Bytes that came before an early end are still delivered, if the target comes up. */
  #endCloudOrWait(sentence: string, act: () => void): void {
    if (this.#state !== 'connecting') return act();
    this.#cloudEndedEarly ??= { code: 'cloud-protocol', sentence, act };
    if (this.#downlink.ring.waitingBytes === 0) this.#failEarly(this.#cloudEndedEarly);
  }

  #onViolation({ closeCode, reason, sentence }: Violation): void {
    if (this.#state === 'connecting') {
      this.#cloud?.close(closeCode, reason);
      return this.#fail(
        new GatehouseError('cloud-protocol', `The cloud broke the WebSocket protocol: ${sentence}.`),
      );
    }
    this.#end(reason, sentence);
    this.#uplink.stop();
    this.#cloud?.close(closeCode, reason);
    this.#cloud?.socket.end();
    this.#target?.end();
  }

  #onCloudGone(): void {
    this.#uplink.stop();
    if (this.#cloudEndedEarly === undefined) this.#onCloudEnd('cloud-reset');
    this.#sideGone();
  }

  // ---- both

  #openIfBothUp(): void {
    if (this.#state !== 'connecting' || this.#target === undefined || this.#cloud === undefined) return;
    const nowMs = this.#context.now();
    this.#state = next(this.#state, 'opened');
    this.#openedAtMs = nowMs;
    this.#setupMs = nowMs - this.#startedAtMs;
    this.#deadlines = new Deadlines(this.#task.limits, this.#progress(), nowMs);
    this.#context.onOpened(this, this.#setupMs);
    this.#cloudEndedEarly?.act();
    this.#targetEndedEarly?.act();
  }

  #failEarly({ code, sentence }: EarlyEnd): void {
    this.#fail(new GatehouseError(code, sentence));
  }

  /** A session that never opened: the other side is let go without a reset, the PLC counts those. */
  #fail(error: GatehouseError): void {
    if (this.#state !== 'connecting') return;
    this.#setupMs = this.#context.now() - this.#startedAtMs;
    this.#ending = { outcome: 'failed', code: error.code, sentence: error.message };
    this.#beginClosing();
    this.#cancel.abort(error);
    this.#uplink.stop();
    this.#downlink.stop();
    this.#cloud?.close(1011, error.code);
    this.#cloud?.socket.end();
    this.#target?.end();
  }

  /** True for the first cause only. */
  #end(reason: EndReason, detail: string): boolean {
    if (this.#state !== 'open') return false;
    this.#ending = { outcome: 'ended', reason, detail };
    this.#beginClosing();
    return true;
  }

  #beginClosing(): void {
    const nowMs = this.#context.now();
    this.#state = next(this.#state, 'ending');
    this.#deadlines ??= new Deadlines(this.#task.limits, this.#progress(), nowMs);
    this.#deadlines.closing(nowMs);
    this.#context.onClosing(this);
  }

  #sideGone(): void {
    this.#sides -= 1;
    if (this.#sides > 0) return;
    this.#state = next(this.#state, 'gone');
    const durationMs = this.#openedAtMs === 0 ? 0 : this.#context.now() - this.#openedAtMs;
    const ending: Ending = this.#ending ?? {
      outcome: 'failed',
      code: 'internal-error',
      sentence: 'No cause known.',
    };
    this.#resolve({ ...this.counters, setupMs: this.#setupMs, durationMs, ...ending });
  }

  #progress(): Progress {
    return {
      uplinkBytes: this.#uplink.ring.deliveredBytes,
      downlinkBytes: this.#downlink.ring.deliveredBytes,
      uplinkWaiting: this.#uplink.ring.waitingBytes,
      downlinkWaiting: this.#downlink.ring.waitingBytes,
      cloudReads: this.#downlink.reads,
      cloudPaused: this.#downlink.ring.isPaused,
    };
  }

  readonly #onException = (error: unknown): void => {
    const detail = error instanceof Error ? `${error.name}: ${error.message}` : 'unknown error';
    if (this.#state === 'connecting') this.#fail(new GatehouseError('internal-error', detail));
    this.#end('internal-error', detail);
    this.#cloud?.socket.destroy();
    this.#target?.destroy();
  };
}

function asFailure(error: unknown): GatehouseError {
  if (error instanceof GatehouseError) return error;
  return new GatehouseError('internal-error', error instanceof Error ? error.message : String(error), {
    cause: error,
  });
}
