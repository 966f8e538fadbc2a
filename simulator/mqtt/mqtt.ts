import type { IncomingMessage, Server as HttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import { createWebSocketStream, WebSocketServer } from 'ws';
import type { MqttOptions, MqttService, Platform } from '../platform.js';
import { MqttBroker } from './broker.js';
import type { MqttClientSession } from './client-session.js';
import { MqttConnection } from './connection.js';
import type { MqttFaults } from './faults.js';
import { MAX_PACKET_BYTES } from './frame-meter.js';

export { MqttClientSession } from './client-session.js';
export { MqttFaults } from './faults.js';

/** Connections per listener; a load test with a gateway each for ten thousand sites. */
const MAX_CONNECTIONS = 10_000;

/** MQTT that is listening, with what tests need to watch and to disturb it. */
export interface MqttServer extends MqttService {
  readonly faults: MqttFaults;
  /** Clients that are logged in; what can be done to one is on it. */
  clients(): MqttClientSession[];
  /** Serves WebSocket upgrades of `/mqtt` on this server and leaves those of other paths to its other listeners. */
  attach(server: HttpServer): void;
}

/**
 * Opens the MQTT endpoint of a platform: plain TCP, TLS (with or without client certificate) and WebSocket.
 * @throws Error when a port cannot be bound, or `securePort` is given without `tls`.
 */
export async function startMqtt(platform: Platform, options: MqttOptions): Promise<MqttServer> {
  const broker = new MqttBroker(platform, options.deliveryDelayMs);
  await broker.start();
  const plain =
    options.port === undefined ? undefined : createServer((socket) => plainClient(broker, socket));
  const secure = options.securePort === undefined ? undefined : secureServer(broker, options.tls);
  const upgrades = new WebSocketUpgrades(broker);
  const stop = async () => {
    upgrades.stop();
    const closed = [plain, secure].map(close);
    await broker.stop();
    await Promise.all(closed);
  };
  try {
    return {
      faults: broker.faults,
      port: plain && (await listen(plain, options.host, options.port)),
      securePort: secure && (await listen(secure, options.host, options.securePort)),
      clients: () => broker.clients(),
      onUpgrade: (request, socket, head) => upgrades.take(request, socket, head),
      attach: (server) => upgrades.attach(server),
      dropConnections: () => broker.dropConnections(),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function plainClient(broker: MqttBroker, socket: Socket): void {
  socket.setNoDelay(true);
  broker.handle(new MqttConnection(socket));
}

function secureServer(broker: MqttBroker, tls: MqttOptions['tls']): Server {
  if (tls === undefined) throw new Error('MQTT over TLS needs a key and a certificate');
  // One port for both ways: a certificate is asked for, not demanded, and judged with the CONNECT.
  const options = { ...tls, requestCert: true, rejectUnauthorized: false };
  const server = createTlsServer(options, (socket) => {
    socket.setNoDelay(true);
    broker.handle(new MqttConnection(socket, socket.getPeerX509Certificate()));
  });
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return server;
}

async function listen(server: Server, host: string, port: number | undefined): Promise<number> {
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
}

async function close(server: Server | undefined): Promise<void> {
  if (server === undefined) return;
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

/** MQTT over WebSocket; client certificates are not looked at there, as on the platform. */
class WebSocketUpgrades {
  readonly #broker: MqttBroker;
  readonly #servers = new Set<HttpServer>();
  readonly #webSockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    // A frame may hold several packets; each is measured by itself.
    maxPayload: 4 * MAX_PACKET_BYTES,
    handleProtocols: (offered) => ['mqtt', 'mqttv3.1'].find((name) => offered.has(name)) ?? false,
  });

  constructor(broker: MqttBroker) {
    this.#broker = broker;
  }

  take(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      this.#broker.handle(new MqttConnection(createWebSocketStream(webSocket)));
    });
  }

  attach(server: HttpServer): void {
    server.on('upgrade', this.#onUpgrade);
    this.#servers.add(server);
  }

  stop(): void {
    for (const server of this.#servers) server.off('upgrade', this.#onUpgrade);
    this.#webSockets.close();
  }

  readonly #onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (/^\/mqtt(?:\?|$)/.test(request.url ?? '')) this.take(request, socket, head);
  };
}
