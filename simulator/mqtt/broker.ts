import { Aedes, type Client, type ConnectPacket, type PublishPacket, type Subscription } from 'aedes';
import type { Platform } from '../platform.js';
import { connack, MqttClientSession, type QoS } from './client-session.js';
import { MqttConnection } from './connection.js';
import { MqttFaults } from './faults.js';
import { type Login, login, ReturnCode } from './login.js';
import { NULL_EMITTER } from './null-emitter.js';
import { OperationDeliveries } from './operation-deliveries.js';
import { isOperationTopic } from './operation-messages.js';
import { maySubscribe } from './topics.js';
import { Upstream } from './upstream.js';

/** MQTT 3.1 allows client ids of at most this many characters. */
const MAX_OLD_CLIENT_ID = 23;

/** Packets that a client may send before its CONNACK is out. */
const MAX_EARLY_PACKETS = 42;

/** The MQTT endpoint without its sockets: aedes speaks the protocol, this decides. */
export class MqttBroker {
  readonly faults = new MqttFaults();
  readonly #platform: Platform;
  readonly #aedes: Aedes;
  /** Also of clients just gone, whose last will comes after them. */
  readonly #sessions = new WeakMap<Client, MqttClientSession>();
  readonly #live = new Set<MqttClientSession>();
  readonly #byIdentifier = new Map<string, MqttClientSession>();
  readonly #connections = new Set<MqttConnection>();
  readonly #deliveries: OperationDeliveries;
  readonly #upstream: Upstream;

  constructor(platform: Platform, deliveryDelayMs: number) {
    this.#platform = platform;
    this.#deliveries = new OperationDeliveries({
      platform,
      faults: this.faults,
      deliveryDelayMs,
      clientOf: (identifier) => this.#byIdentifier.get(identifier),
    });
    this.#upstream = new Upstream(platform, this.#deliveries);
    this.#aedes = this.#createAedes();
  }

  /** Must be awaited before the first connection. */
  start(): Promise<void> {
    return this.#aedes.listen();
  }

  /** Speaks MQTT on this connection until it ends. */
  handle(connection: MqttConnection): void {
    this.#connections.add(connection);
    connection.once('close', () => this.#connections.delete(connection));
    this.#aedes.handle(connection);
  }

  /** Clients that are logged in. */
  clients(): MqttClientSession[] {
    return [...this.#live];
  }

  dropConnections(): void {
    for (const connection of this.#connections) connection.abort();
  }

  async stop(): Promise<void> {
    this.#deliveries.stop();
    this.dropConnections();
    await new Promise<void>((resolve) => this.#aedes.close(resolve));
  }

  #createAedes(): Aedes {
    const aedes = new Aedes({
      mq: NULL_EMITTER,
      maxClientsIdLength: MAX_OLD_CLIENT_ID,
      queueLimit: MAX_EARLY_PACKETS,
      preConnect: (client, packet, done) => this.#onConnect(client, packet, done),
      authenticate: (_client, _user, _password, done) => done(null, true),
      authorizePublish: (client, packet, done) => {
        this.#beforeAcknowledgement(client, packet);
        done(null);
      },
      authorizeSubscribe: (client, subscription, done) => {
        done(null, this.#maySubscribe(client, subscription) ? subscription : null);
      },
      published: (packet, client, done) => {
        // The broker has sorted out a QoS 2 message that came twice only by now.
        if (packet.qos === 2) this.#onPublish(client, packet);
        done(null);
      },
    });
    aedes.on('client', (client) => this.#onRegistered(client));
    aedes.on('clientReady', (client) => this.#onReady(client));
    aedes.on('clientDisconnect', (client) => this.#onGone(client));
    aedes.on('subscribe', (subscriptions, client) => this.#onSubscribe(client, subscriptions));
    aedes.on('unsubscribe', (topics, client) => {
      for (const topic of topics) this.#sessions.get(client)?.unsubscribed(topic);
    });
    return aedes;
  }

  #onConnect(
    client: Client,
    packet: ConnectPacket,
    done: (error: Error | null, good: boolean) => void,
  ): void {
    const connection = client.conn;
    if (!(connection instanceof MqttConnection)) throw new TypeError('a foreign stream');
    if (this.faults.neverConnack) return;
    const result = this.#judge(packet, connection);
    if ('returnCode' in result) {
      connection.sendRaw(connack(result.returnCode));
      connection.destroy();
      done(null, false);
      return;
    }
    // The broker drops the older of two clients with one id: the platform goes by the device identifier.
    packet.clientId = result.identifier;
    packet.clean = true;
    this.#sessions.set(client, new MqttClientSession(client, connection, result));
    done(null, true);
  }

  #judge(
    { clientId, protocolVersion, username, password }: ConnectPacket,
    connection: MqttConnection,
  ): Login {
    const forced = MqttFaults.take(this.faults.connackCode);
    if (forced !== undefined) return { returnCode: forced };
    // MQTT 3.1 has protocol version 3; the broker itself refuses any other than 3 and 4 with code 1.
    if (protocolVersion === 3 && clientId.length > MAX_OLD_CLIENT_ID) {
      return { returnCode: ReturnCode.notAuthorized };
    }
    return login(this.#platform, {
      clientId,
      userName: username,
      password: password?.toString(),
      certificate: connection.certificate,
    });
  }

  /** Between the takeover of an older client and the CONNACK. */
  #onRegistered(client: Client): void {
    const session = this.#sessions.get(client);
    if (session === undefined) return;
    this.#live.add(session);
    this.#byIdentifier.set(session.identifier, session);
  }

  #onReady(client: Client): void {
    if (this.faults.cutAfterConnack <= 0) return;
    this.faults.cutAfterConnack -= 1;
    this.#sessions.get(client)?.kick();
  }

  #onGone(client: Client): void {
    const session = this.#sessions.get(client);
    if (session === undefined) return;
    this.#live.delete(session);
    if (this.#byIdentifier.get(session.identifier) === session) this.#byIdentifier.delete(session.identifier);
  }

  #maySubscribe(client: Client, { topic }: Subscription): boolean {
    const session = this.#sessions.get(client);
    if (session === undefined || this.faults.refusedTopics.has(topic)) return false;
    return maySubscribe(topic, this.#platform.deviceBySerial(session.identifier) !== undefined);
  }

  #onSubscribe(client: Client, subscriptions: readonly Subscription[]): void {
    const session = this.#sessions.get(client);
    for (const { topic, qos } of subscriptions) {
      // The broker writes 128 here for a refused one, which its type does not say.
      if (session === undefined || !isGranted(qos)) continue;
      session.subscribed(topic, qos);
      if (isOperationTopic(topic)) this.#deliveries.onSubscribed(session, topic);
    }
  }

  #beforeAcknowledgement(client: Client | null, packet: PublishPacket): void {
    packet.retain = false;
    if (packet.qos > 0 && this.faults.droppedAcknowledgements > 0) {
      this.faults.droppedAcknowledgements -= 1;
      // The broker acknowledges nothing with QoS 0.
      packet.qos = 0;
    }
    // An acknowledged message has taken effect; the broker would acknowledge it first.
    if (packet.qos < 2) this.#onPublish(client, packet);
  }

  #onPublish(client: Client | null, packet: PublishPacket): void {
    // Null is the broker's own traffic ($SYS).
    const session = client === null ? undefined : this.#sessions.get(client);
    if (session === undefined) return;
    const { topic, payload, messageId } = packet;
    this.#upstream.handle(session, { topic, payload: payload.toString(), messageId });
  }
}

function isGranted(qos: number): qos is QoS {
  return qos <= 2;
}
