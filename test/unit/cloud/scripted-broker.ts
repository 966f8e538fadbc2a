import { Aedes, type Client } from 'aedes';
import { createServer as createHttpServer } from 'node:http';
import net, { type AddressInfo, type Server, type Socket } from 'node:net';
import tls from 'node:tls';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { CERTIFICATE, CERTIFICATE_KEY } from './certificate.js';

export interface Published {
  readonly topic: string;
  readonly payload: string;
}

/** An MQTT broker on real sockets that takes devices with the right login and lets tests misbehave. */
export class ScriptedBroker {
  readonly published: Published[] = [];
  readonly subscribed: string[] = [];
  readonly logins: { id: string; username: string | undefined; password: string | undefined }[] = [];
  /** Answers CONNECT with this code when it is not 0. */
  connack = 0;
  /** Refuses subscriptions with 0x80. */
  refuseSubscriptions = false;
  /** Answers to QoS 1 PUBLISH are held back while true. */
  holdPubacks = false;
  /** Sockets as they are accepted; for raw bytes and for cuts. */
  readonly sockets = new Set<Socket>();
  connections = 0;
  clients: Client[] = [];
  readonly #aedes: Aedes;
  readonly #server: Server;
  #port = 0;

  private constructor(aedes: Aedes, kind: 'mqtt' | 'mqtts' | 'ws') {
    this.#aedes = aedes;
    this.#hook();
    this.#server = this.#serverOf(kind);
    this.#server.on('connection', (socket: Socket) => {
      this.connections += 1;
      this.sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => this.sockets.delete(socket));
    });
  }

  static async start(kind: 'mqtt' | 'mqtts' | 'ws' = 'mqtt'): Promise<ScriptedBroker> {
    const broker = new ScriptedBroker(await Aedes.createBroker({ heartbeatInterval: 60_000 }), kind);
    await broker.listen();
    return broker;
  }

  get port(): number {
    return this.#port;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Payloads published to a topic. */
  on(topic: string): string[] {
    return this.published.filter((one) => one.topic === topic).map(({ payload }) => payload);
  }

  /** Delivers one message to every subscriber. */
  send(topic: string, payload: string): void {
    const packet = { cmd: 'publish', topic, payload, qos: 1, retain: false, dup: false } as const;
    this.#aedes.publish(packet, () => undefined);
  }

  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** Ends all connections and takes no more. */
  async pause(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.cut();
    await closed;
  }

  async stop(): Promise<void> {
    if (this.#server.listening) await this.pause();
    await new Promise<void>((resolve) => this.#aedes.close(() => resolve()));
  }

  #hook(): void {
    const aedes = this.#aedes;
    aedes.authenticate = (client, username, password, done) => {
      this.logins.push({ id: client.id, username, password: password?.toString() });
      if (this.connack === 0) {
        this.clients.push(client);
        done(null, true);
        return;
      }
      done(Object.assign(new Error('refused'), { returnCode: this.connack }), false);
    };
    aedes.authorizeSubscribe = (_client, subscription, done) => {
      this.subscribed.push(subscription.topic);
      done(null, this.refuseSubscriptions ? null : subscription);
    };
    aedes.authorizePublish = (_client, packet, done) => {
      this.published.push({ topic: packet.topic, payload: packet.payload.toString() });
      if (!this.holdPubacks) done(null);
    };
  }

  #serverOf(kind: 'mqtt' | 'mqtts' | 'ws'): Server {
    const aedes = this.#aedes;
    switch (kind) {
      case 'mqtt':
        return net.createServer((socket) => {
          if (this.connack !== 1) {
            aedes.handle(socket);
            return;
          }
          // The broker behind this one cannot send code 1.
          this.logins.push({ id: '', username: undefined, password: undefined });
          socket.once('data', () => socket.end(Uint8Array.of(0x20, 2, 0, 1)));
        });
      case 'mqtts':
        return tls.createServer({ cert: CERTIFICATE, key: CERTIFICATE_KEY }, (socket) =>
          aedes.handle(socket),
        );
      case 'ws': {
        const server = createHttpServer();
        new WebSocketServer({ server, path: '/mqtt' }).on('connection', (socket) =>
          aedes.handle(createWebSocketStream(socket)),
        );
        return server;
      }
    }
  }
}
