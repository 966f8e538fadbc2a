import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { sendStream } from './flow.js';
import type { SessionRun } from './session-run.js';
import { HEAD_BYTES, SoakStream, ownerOf } from './stream.js';

/** How long a target that stalls takes nothing, in ms. */
const STALL_MS = 3_000;

/** The devices of the plant: one server, whose connections learn from the first bytes which session they belong to. */
export class SoakTarget {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Connections whose first bytes name no session that is under way. */
  readonly strangers: string[] = [];

  private constructor(runs: ReadonlyMap<number, SessionRun>, random: () => number) {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined).once('close', () => this.#sockets.delete(socket));
      this.#serve(socket, runs, random);
    });
  }

  static async listen(runs: ReadonlyMap<number, SessionRun>, random: () => number): Promise<SoakTarget> {
    const target = new SoakTarget(runs, random);
    target.#server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 });
    await once(target.#server, 'listening');
    return target;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections that are open. */
  get open(): number {
    return this.#sockets.size;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #serve(socket: Socket, runs: ReadonlyMap<number, SessionRun>, random: () => number): void {
    let head = Buffer.alloc(0);
    const onHead = (chunk: Buffer): void => {
      head = Buffer.concat([head, chunk]);
      if (head.length < HEAD_BYTES) return;
      socket.off('data', onHead);
      const place = ownerOf(head.subarray(0, HEAD_BYTES));
      const run = place?.kind === 'head' ? runs.get(place.session) : undefined;
      if (run === undefined) {
        this.strangers.push(`a connection began with bytes of ${JSON.stringify(place)}`);
        socket.destroy();
        return;
      }
      void new TargetEnd(socket, run, random).run(head.subarray(HEAD_BYTES));
    };
    socket.on('data', onHead).on('end', () => socket.end());
  }
}

/** The target's end of one session. */
class TargetEnd {
  #hasFaulted = false;
  #hasSent = false;

  constructor(
    private readonly socket: Socket,
    private readonly run_: SessionRun,
    private readonly random: () => number,
  ) {
    run_.targetOpened(socket);
  }

  async run(first: Buffer): Promise<void> {
    const { socket, run_ } = this;
    socket.on('data', (chunk: Buffer) => this.#onBytes(chunk));
    if (first.length > 0) this.#onBytes(first);
    const { session, uplinkBytes, fault } = run_.plan;
    // What a reset takes with it cannot be asked for; half of it is on its way by then.
    const total = fault === 'target-reset' ? Math.ceil(uplinkBytes / 2) : uplinkBytes;
    run_.uplinkSent = await sendStream(socket, new SoakStream(session, 'uplink'), total, this.random);
    this.#hasSent = true;
    if (fault === 'target-reset') socket.resetAndDestroy();
    else if (fault === 'target-half-close') socket.end();
    else this.#endIfDone();
  }

  #onBytes(chunk: Buffer): void {
    const { socket, run_ } = this;
    run_.downlink.take(chunk);
    if (run_.plan.fault === 'target-stall' && !this.#hasFaulted) {
      this.#hasFaulted = true;
      socket.pause();
      void pause(STALL_MS).then(() => socket.resume());
    }
    this.#endIfDone();
  }

  #endIfDone(): void {
    const { run_, socket } = this;
    if (this.#hasSent && run_.downlink.bytes >= run_.plan.downlinkBytes) socket.end();
  }
}
