import { createServer, type AddressInfo, type Server } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Channel } from './channel.js';
import { dialTcp, dialWebSocket } from './dial.js';
import { cloudEnd, targetEnd } from './ends.js';
import { FrameChannel, type Side } from './frame-channel.js';
import { GreetedEnd } from './greeted-end.js';
import { writeGreeting, type Greeting } from './greeting.js';
import { LOOPBACK } from './loopback.js';
import type { EndContext, SessionEnd } from './session-end.js';
import type { TrafficSettings } from './settings.js';
import { Tally } from './tally.js';
import { TcpChannel } from './tcp-channel.js';
import { WebSocketServer } from './web-socket-server.js';

/** Dials under way at once, for the roles in which we dial. */
const DIALS_AT_ONCE = 32;

const BACKLOG = 1_024;

/** The key and certificate of the cloud's end, and the authority to trust for it; all PEM. */
export interface Credentials {
  readonly key: string;
  readonly cert: string;
  readonly ca: string;
}

/** Both ends of all sessions of a run: the cloud's and the target's, with the system under test in between. */
export class Traffic {
  readonly tally = new Tally();
  readonly #settings: TrafficSettings;
  readonly #credentials: Credentials | undefined;
  readonly #target: Server;
  readonly #cloud: WebSocketServer;
  readonly #channels = new Set<Channel>();
  #sessions = 0;
  #cloudPort = 0;
  #isStopping = false;

  constructor(settings: TrafficSettings, credentials?: Credentials) {
    this.#settings = settings;
    this.#credentials = credentials;
    this.#target = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      this.#openTarget(new TcpChannel(socket)),
    );
    this.#cloud = new WebSocketServer({
      ...(credentials !== undefined && { tls: credentials }),
      onSocket: (socket, head) => this.#openCloud(this.#framed(socket, head, 'server')),
    });
  }

  /** Listens on loopback, and gives where. */
  async listen(): Promise<{ readonly cloudPort: number; readonly targetPort: number }> {
    this.#cloudPort = await this.#cloud.listen();
    await new Promise<void>((resolve, reject) => {
      this.#target.once('error', reject);
      this.#target.listen({ host: LOOPBACK, port: 0, backlog: BACKLOG }, resolve);
    });
    return { cloudPort: this.#cloudPort, targetPort: (this.#target.address() as AddressInfo).port };
  }

  /** Dials all sessions, for the roles in which that is our part; a churn dials anew whenever one has ended. */
  async dial(): Promise<void> {
    if (this.#settings.role === 'ws-server') return;
    for (let begun = 0; begun < this.#settings.sessions; begun += DIALS_AT_ONCE) {
      const group = Math.min(DIALS_AT_ONCE, this.#settings.sessions - begun);
      await Promise.all(Array.from({ length: group }, () => this.#dialOne()));
    }
  }

  /** Drops every session and stops listening. What ends now is no fault. */
  stop(): void {
    this.#isStopping = true;
    this.#target.close();
    this.#cloud.close();
    for (const channel of this.#channels) channel.destroy();
  }

  async #dialOne(): Promise<void> {
    const { role, dialPort, mode } = this.#settings;
    const again = (): void => {
      if (mode === 'churn' && !this.#isStopping) void this.#dialOne();
    };
    try {
      if (role === 'raw') this.#openCloud(new TcpChannel(await dialTcp(dialPort ?? 0)), again);
      else if (role === 'ws-client') this.#openCloud(await this.#dialFramed(dialPort ?? 0), again);
      else this.#openTarget(await this.#dialFramed(this.#cloudPort), again);
    } catch (error) {
      if (!this.#isStopping)
        this.tally.fault(`dial: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  async #dialFramed(port: number): Promise<Channel> {
    const { socket, head } = await dialWebSocket(port, this.#credentials?.ca);
    return this.#framed(socket, head, 'client');
  }

  #framed(socket: Duplex, head: Buffer, side: Side): Channel {
    return new FrameChannel(socket, { side, head, frameBytes: this.#settings.frameBytes });
  }

  #openTarget(channel: Channel, onGone?: () => void): void {
    const session = this.#sessions++;
    const mode = session < this.#settings.echoSessions ? 'echo' : this.#settings.mode;
    const end = targetEnd(mode, this.#context(session, channel));
    this.#attach(channel, end, `session ${session}, target`, onGone);
    channel.send(writeGreeting({ mode, session }));
    end.start();
  }

  #openCloud(channel: Channel, onGone?: () => void): void {
    const makeEnd = ({ mode, session }: Greeting): SessionEnd => {
      this.tally.greeted += 1;
      return cloudEnd(mode, this.#context(session, channel));
    };
    const onFault = (sentence: string): void => {
      this.tally.fault(sentence);
      channel.destroy();
    };
    this.#attach(channel, new GreetedEnd({ makeEnd, onFault }), 'a session, cloud', onGone);
  }

  #attach(channel: Channel, end: SessionEnd, name: string, onGone?: () => void): void {
    this.#channels.add(channel);
    channel.open({
      onBytes: (buffer, start, stop) => end.onBytes(buffer, start, stop),
      onDrain: () => end.onDrain(),
      onEnd: () => {
        this.#expect(end.onEnd(), `${name}: ended by the other side`);
        channel.end();
      },
      onClose: () => {
        this.#channels.delete(channel);
        this.#expect(end.onClose(), `${name}: the connection is gone`);
        onGone?.();
      },
      onFault: (sentence) => this.tally.fault(`${name}: ${sentence}`),
    });
  }

  #expect(isRight: boolean, sentence: string): void {
    if (!isRight && !this.#isStopping) this.tally.fault(sentence);
  }

  #context(session: number, channel: Channel): EndContext {
    return { session, channel, tally: this.tally, settings: this.#settings };
  }
}
