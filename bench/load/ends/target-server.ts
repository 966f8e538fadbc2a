import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { StreamChannel } from '../traffic/channel.js';
import { DamagedChannel } from '../traffic/damaged-channel.js';
import { TargetSession, type TargetCounts } from './target-session.js';

/** Connections that may wait to be accepted: what Linux allows by default (net.core.somaxconn). */
const BACKLOG = 4_096;

/** What each answer is read and sent in, in bytes; a session in full flow has two of them. */
const HIGH_WATER_BYTES = 262_144;

export interface TargetServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** For tests: this byte of what each connection sends is changed. */
  readonly damagedOffset?: number | undefined;
}

/** A device on the plant network that speaks the traffic protocol: any number of connections on one port. */
export class TargetServer {
  readonly #server: Server;

  private constructor(counts: TargetCounts, damagedOffset: number | undefined) {
    const options = { noDelay: true, highWaterMark: HIGH_WATER_BYTES };
    this.#server = createServer(options, (socket) => {
      const channel = new StreamChannel(socket);
      const isDamaged = damagedOffset !== undefined;
      new TargetSession(isDamaged ? new DamagedChannel(channel, damagedOffset) : channel, counts);
    });
  }

  /** @throws Error of the system when the port is taken. */
  static async start(options: TargetServerOptions, counts: TargetCounts): Promise<TargetServer> {
    const target = new TargetServer(counts, options.damagedOffset);
    target.#server.listen({ host: options.host, port: options.port, backlog: BACKLOG });
    await once(target.#server, 'listening');
    return target;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Listens no more; open connections end with their peers. */
  stop(): void {
    this.#server.close();
  }
}
