import { MqttClient, type IClientOptions } from 'mqtt';
import { LinkError } from './link-error.js';
import { openMqttTransport, type MqttTransportOptions } from './mqtt-transport.js';
import { PacketGuard } from './packet-guard.js';

export interface MqttLinkOptions {
  readonly transport: MqttTransportOptions;
  readonly clientId: string;
  /** Asked at every connect, so that renewed credentials are taken. */
  readonly login: () => { readonly username: string; readonly password: string } | undefined;
  readonly keepAliveMs: number;
  /** Longest wait for a SUBACK or PUBACK, in ms. */
  readonly ackMs: number;
  /** Called for each message; it must not throw. */
  readonly onMessage: (topic: string, payload: Buffer, isRetained: boolean) => void;
}

/**
 * One MQTT connection, from its first packet to its end; it is never opened again. Every way in which it can end
 * settles `closed` exactly once, so one connection gives one log line however many errors the library sees.
 */
export class MqttLink {
  /** Resolves with why the connection ended; never rejects. */
  readonly closed: Promise<LinkError>;
  readonly #client: MqttClient;
  readonly #guard: PacketGuard;
  readonly #ackMs: number;
  #end: (why: LinkError) => void = () => undefined;

  private constructor(client: MqttClient, guard: PacketGuard, ackMs: number) {
    this.#client = client;
    this.#guard = guard;
    this.#ackMs = ackMs;
    this.closed = new Promise((resolve) => {
      this.#end = resolve;
    });
    // The listener stays for good: the library emits errors even after its end, and one without listener is fatal.
    client.on('error', (error) => {
      this.destroy(endOf(error));
    });
    // The library passes on errors of the stream only when they have a code.
    guard.on('error', (error) => this.#end(endOf(error)));
    client.on('close', () => this.#end(new LinkError('the broker closed the connection', { byPeer: true })));
  }

  /** Connects and logs in; resolves after CONNACK. @throws LinkError */
  static async open(options: MqttLinkOptions, signal: AbortSignal): Promise<MqttLink> {
    const transport = await openMqttTransport(options.transport, signal);
    const guard = new PacketGuard(transport);
    const client = new MqttClient(() => guard, clientOptions(options));
    const link = new MqttLink(client, guard, options.ackMs);
    client.on('message', (topic, payload, { retain }) => options.onMessage(topic, payload, retain));
    const connected = new Promise<'connected'>((resolve) => {
      client.once('connect', () => resolve('connected'));
    });
    const onAbort = () => link.destroy();
    // The library's own deadline ends with any CONNACK, also with one that it makes nothing of.
    const timer = setTimeout(
      () => link.destroy(new LinkError('the broker did not take the login in time')),
      2 * options.transport.connectMs,
    );
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    const outcome = await Promise.race([connected, link.closed]);
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    if (outcome === 'connected' && !signal.aborted) return link;
    link.destroy();
    throw outcome === 'connected' ? new LinkError('the connection was given up') : outcome;
  }

  /** Subscribes with QoS 1; false when the broker refuses (SUBACK 0x80). @throws LinkError */
  async subscribe(topic: string): Promise<boolean> {
    let granted = false;
    try {
      await this.#acknowledged((done) => {
        this.#client.subscribe(topic, { qos: 1 }, (error, grants) => {
          granted = error === null && grants?.every(({ qos }) => (qos as number) < 128) === true;
          // A refusal arrives as an error with the SUBACK attached; every other error is the connection's end.
          done(error !== null && !('packet' in error && error.packet !== undefined) ? error : undefined);
        });
      });
    } catch (error) {
      if (error instanceof LinkError) throw error;
      throw new LinkError('the subscription was not acknowledged', { cause: error });
    }
    return granted;
  }

  /** Publishes with QoS 1; resolves with the broker's PUBACK. @throws LinkError */
  publish(topic: string, payload: string, { retain = false } = {}): Promise<void> {
    return this.#acknowledged((done) => {
      this.#client.publish(topic, payload, { qos: 1, retain }, (error) => done(error ?? undefined));
    });
  }

  /** Asks whether the broker is there, whatever the keep-alive says; resolves with its answer, which may never come. */
  ping(): Promise<void> {
    return new Promise((resolve) => {
      const onPacket = ({ cmd }: { readonly cmd?: string }): void => {
        if (cmd !== 'pingresp') return;
        this.#client.off('packetreceive', onPacket);
        resolve();
      };
      this.#client.on('packetreceive', onPacket);
      this.#client.sendPing();
    });
  }

  /** Says goodbye and closes; cuts the connection when that takes longer than `limitMs`. */
  async close(limitMs = 1_000): Promise<void> {
    const timer = setTimeout(() => this.destroy(), limitMs);
    this.#client.end(false);
    await this.closed;
    clearTimeout(timer);
  }

  /** Cuts the connection. */
  destroy(why = new LinkError('the connection was given up')): void {
    this.#end(why);
    this.#client.end(true);
    // While it waits to say goodbye, the library ignores a second end.
    this.#guard.destroy();
  }

  /** The library forgets callbacks when a connection is lost, so the end and a deadline are waited for as well. */
  async #acknowledged(act: (done: (error: Error | undefined) => void) => void): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const acknowledged = new Promise<LinkError | undefined>((resolve) => {
      timer = setTimeout(
        () => resolve(new LinkError(`the broker did not acknowledge within ${this.#ackMs} ms`)),
        this.#ackMs,
      );
      act((error) => {
        if (error === undefined) resolve(undefined);
        // The end of the connection fails this too, a moment before it tells why it ended.
        else setImmediate(() => resolve(new LinkError(error.message, { cause: error })));
      });
    });
    const failure = await Promise.race([acknowledged, this.closed]);
    clearTimeout(timer);
    if (failure !== undefined) throw failure;
  }
}

function clientOptions(options: MqttLinkOptions): IClientOptions {
  return {
    clientId: options.clientId,
    ...(options.login() ?? {}),
    clean: true,
    keepalive: Math.max(1, Math.round(options.keepAliveMs / 1_000)),
    connectTimeout: options.transport.connectMs,
    protocolVersion: 4,
    // Reconnecting and queueing are ours: the library's own know neither back-off nor bounds.
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    // Its debug output prints whole packets, the password among them.
    log: () => undefined,
  };
}

const REFUSALS: Readonly<Record<number, string>> = {
  1: 'it does not speak MQTT 3.1.1',
  2: 'it does not accept the client id; check device.externalId',
  3: 'it is temporarily unavailable',
  4: 'it does not accept the credentials',
  5: 'the credentials or permissions do not suffice',
};

function endOf(error: Error): LinkError {
  const code = 'code' in error && typeof error.code === 'number' ? error.code : undefined;
  const refusal = code === undefined ? undefined : REFUSALS[code];
  if (refusal !== undefined) {
    const pace = code === 3 ? ({ kind: 'normal' } as const) : ({ kind: 'slow' } as const);
    return new LinkError(`the broker refused the connection: ${refusal} (CONNACK ${code})`, {
      pace,
      cause: error,
    });
  }
  if (error instanceof LinkError) return error;
  const byPeer = 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
  return new LinkError(`the MQTT connection failed: ${error.message}`, { byPeer, cause: error });
}
