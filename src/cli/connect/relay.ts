import type { Readable, Writable } from 'node:stream';
import { LINGER_MS, LOCAL_END_MS, STALL_MS, STOP_MS } from './limits.js';
import type { Tunnel } from './tunnel.js';

/** The local side: a TCP socket is both, standard input and output are one each. */
export interface LocalEnd {
  readonly input: Readable;
  readonly output: Writable;
}

export interface RelayOptions {
  /** Wait for more answer after the local side ended, in ms since the last byte. Default 30 000. */
  readonly lingerMs?: number;
  /** Ends the relay: what was read is delivered first, for at most 5 s. */
  readonly signal?: AbortSignal;
}

/** What was moved. Uplink is target to cloud, so it is what the local side received. */
export interface RelaySummary {
  readonly uplinkBytes: number;
  readonly downlinkBytes: number;
  /** Who ended first. */
  readonly endedBy: 'local' | 'cloud' | 'stop';
}

/**
 * Moves bytes both ways until one side ends, delivers what was received, and leaves both sides closed.
 *
 *     local input  --> tunnel        its end: everything is sent, the tunnel stays for the answer
 *     local output <-- tunnel        its end: everything is delivered, then FIN
 *
 * WebSockets have no half-close, so the target is not told that the local side will send no more. What that means:
 * ssh and scp say good-bye inside their protocol and the target ends first; an HTTP/1.0 client that half-closes gets
 * its whole answer, at the end of which the target closes; `nc HOST PORT < FILE` to a target that waits for the end of
 * the file is closed after `lingerMs` without an answer. A client that is gone altogether looks the same (FIN) until
 * the first answer to it fails, so its tunnel lives up to `lingerMs` longer.
 */
export function relay(local: LocalEnd, tunnel: Tunnel, options: RelayOptions = {}): Promise<RelaySummary> {
  return new Relay(local, tunnel, options).run();
}

class Relay {
  readonly #local: LocalEnd;
  readonly #tunnel: Tunnel;
  readonly #options: RelayOptions;
  readonly #timers = new Set<NodeJS.Timeout>();
  #uplinkBytes = 0;
  #downlinkBytes = 0;
  #isLocalGone = false;
  #endedBy: RelaySummary['endedBy'] | undefined;

  constructor(local: LocalEnd, tunnel: Tunnel, options: RelayOptions) {
    this.#local = local;
    this.#tunnel = tunnel;
    this.#options = options;
  }

  async run(): Promise<RelaySummary> {
    const { input, output } = this.#local;
    const tunnel = this.#tunnel;
    const { signal } = this.#options;
    const onStop = (): void => this.#onStop();
    const isDone = new Promise<void>((resolve) => tunnel.once('close', resolve));

    input.on('data', (chunk: Buffer) => (this.#downlinkBytes += chunk.length));
    tunnel.on('data', (chunk: Buffer) => (this.#uplinkBytes += chunk.length));
    input.once('end', () => this.#onLocalEnd());
    input.once('error', () => this.#onLocalGone());
    output.once('error', () => this.#onLocalGone());
    input.once('close', () => this.#onLocalClose());
    tunnel.once('end', () => this.#onCloudEnd());
    this.#whenStill(
      () => this.#uplinkBytes - output.writableLength,
      () => tunnel.ending !== undefined,
      STALL_MS,
      () => output.destroy(),
    );
    signal?.addEventListener('abort', onStop);
    tunnel.pipe(output);
    input.pipe(tunnel);
    if (signal?.aborted === true) onStop();
    if (input.destroyed && !input.readableEnded) this.#onLocalGone();

    await isDone;
    await this.#endLocal();
    signal?.removeEventListener('abort', onStop);
    for (const timer of this.#timers) clearInterval(timer);
    return {
      uplinkBytes: this.#uplinkBytes,
      downlinkBytes: this.#downlinkBytes,
      endedBy: this.#endedBy ?? 'cloud',
    };
  }

  /** FIN, or the end of standard input. `pipe` ends the tunnel's writing side. */
  #onLocalEnd(): void {
    this.#endedBy ??= 'local';
    const tunnel = this.#tunnel;
    // The answer is over when nothing has come for a while and nothing waits; a slow local reader is no silence.
    this.#whenStill(
      () => this.#uplinkBytes,
      () => !this.#hasWaiting() && tunnel.writableFinished,
      this.#options.lingerMs ?? LINGER_MS,
      () => void tunnel.close(),
    );
    this.#whenStill(
      () => tunnel.writableLength + this.#uplinkBytes,
      () => !tunnel.writableFinished,
      STALL_MS,
      () => tunnel.destroy(),
    );
  }

  #onLocalClose(): void {
    if (!this.#local.input.readableEnded) this.#onLocalGone();
  }

  /** Reset: nobody takes an answer any more, but what had been read is still sent. */
  #onLocalGone(): void {
    if (this.#isLocalGone) return;
    this.#isLocalGone = true;
    this.#endedBy ??= 'local';
    this.#discardUplink();
    void this.#tunnel.close();
    this.#whenStill(
      () => this.#tunnel.writableLength,
      () => true,
      STALL_MS,
      () => this.#tunnel.destroy(),
    );
  }

  #onStop(): void {
    this.#endedBy ??= 'stop';
    this.#local.input.unpipe(this.#tunnel);
    void this.#tunnel.close();
    this.#later(STOP_MS, () => {
      this.#tunnel.destroy();
      this.#local.output.destroy();
    });
  }

  /** Everything from the cloud was handed to `output`, and `pipe` ends it. */
  #onCloudEnd(): void {
    this.#endedBy ??= 'cloud';
    const { input } = this.#local;
    input.unpipe(this.#tunnel);
    // Kept flowing: closing a socket with unread bytes resets it, and the reset overtakes what the client has not read.
    input.resume();
    if (!this.#tunnel.writableEnded) this.#tunnel.end();
  }

  /** Waits until `output` has everything and the local side has ended too, each for a limited time. */
  async #endLocal(): Promise<void> {
    const { input, output } = this.#local;
    if (!output.writableFinished && !output.destroyed) {
      await new Promise<void>((resolve) => {
        output.once('finish', resolve);
        output.once('close', resolve);
      });
    }
    if (!input.readableEnded && !input.destroyed) {
      await new Promise<void>((resolve) => {
        input.once('close', resolve);
        input.once('end', resolve);
        this.#later(LOCAL_END_MS, resolve);
      });
    }
    input.destroy();
  }

  #discardUplink(): void {
    this.#tunnel.unpipe(this.#local.output);
    this.#tunnel.resume();
  }

  /** Whether bytes from the cloud wait for the local side. */
  #hasWaiting(): boolean {
    return this.#tunnel.readableLength > 0 || this.#local.output.writableLength > 0;
  }

  /** Calls `act` once `measure` has not changed for `ms` while `counts` held. */
  #whenStill(measure: () => number, counts: () => boolean, ms: number, act: () => void): void {
    const steps = 10;
    let last = measure();
    let still = 0;
    const timer = setInterval(() => {
      const value = measure();
      still = value === last && counts() ? still + 1 : 0;
      last = value;
      if (still < steps) return;
      clearInterval(timer);
      act();
    }, ms / steps);
    this.#timers.add(timer);
  }

  #later(ms: number, act: () => void): void {
    this.#timers.add(setTimeout(act, ms));
  }
}
