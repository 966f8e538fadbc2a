import type { BayeuxOptions, Platform } from '../platform.js';
import { RawJson } from '../raw-json.js';
import type { User } from '../store/users.js';
import { channelOf, type EndpointKind } from './channels.js';
import { HeldConnects } from './held-connects.js';
import { BayeuxFaults } from './faults.js';
import { type Advice, type BayeuxMessage, numberIn, subscriptionsOf } from './message.js';
import { type Notification, Notifications } from './notifications.js';
import { type BayeuxSession, ConnectionCut } from './session.js';
import { BayeuxSessions } from './sessions.js';

/** Longest time a client may ask a connect to be held, in ms. */
const MAX_TIMEOUT_MS = 7_200_000;

/** Channels of one session; a user interface has some dozens open. */
const MAX_SUBSCRIPTIONS = 1_000;

/** The connection a message came in on. */
export interface Caller {
  readonly kind: EndpointKind;
  /** Who it is; over WebSocket only known by the handshake. */
  readonly userOf: (handshake?: BayeuxMessage) => User | undefined;
  /** Sends events at once; undefined where they have to wait for a reply (long polling). */
  readonly push?: (events: readonly BayeuxMessage[]) => void;
  /** Aborted once the connection is gone. */
  readonly signal: AbortSignal;
  /** Closes the connection without an answer. */
  readonly cut: () => void;
}

/** The Bayeux server without its sockets. */
export class BayeuxHub {
  readonly faults = new BayeuxFaults();
  readonly #platform: Platform;
  readonly #options: BayeuxOptions;
  readonly #sessions = new BayeuxSessions();
  readonly #held: HeldConnects;
  readonly #notifications: Notifications;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(platform: Platform, options: BayeuxOptions, maxParallel: number) {
    this.#platform = platform;
    this.#options = options;
    this.#held = new HeldConnects(maxParallel);
    this.#notifications = new Notifications(platform, (notification) => this.#later(notification));
  }

  /**
   * Answers one message; a connect takes its time.
   * @throws ConnectionCut (rejects) when the connection is gone or is to be cut.
   */
  async handle(message: BayeuxMessage, caller: Caller): Promise<BayeuxMessage[]> {
    switch (message.channel) {
      case '/meta/handshake':
        return [this.#handshake(message, caller)];
      case '/meta/connect':
        return this.#connect(message, caller);
      case '/meta/subscribe':
        return this.#inSession(message, caller, (session) => this.#subscribe(message, session));
      case '/meta/unsubscribe':
        return this.#inSession(message, caller, (session) => this.#unsubscribe(message, session));
      case '/meta/disconnect':
        return this.#inSession(message, caller, (session) => {
          this.#sessions.end(session);
          return reply(message, { successful: true });
        });
      default:
        return [reply(message, { successful: false, error: `403:${message.channel}:Publish denied` })];
    }
  }

  /** For tests: an event on the operations channel of an agent whose data are these bytes, as they are. */
  deliverRaw(agentId: string, data: Uint8Array): void {
    this.#deliver({
      kind: 'operations',
      channel: `/${agentId}`,
      data: new RawJson(data),
      objectId: agentId,
    });
  }

  /** Ends every session: clients learn by 402 at their next message. */
  forget(): void {
    this.#sessions.endAll();
  }

  /** How many clients there are. */
  get size(): number {
    return this.#sessions.size;
  }

  stop(): void {
    this.#notifications.stop();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#sessions.endAll();
  }

  #handshake(message: BayeuxMessage, caller: Caller): BayeuxMessage {
    const user = caller.userOf(message);
    const isDenied = this.faults.deniedHandshakes > 0;
    if (isDenied) this.faults.deniedHandshakes -= 1;
    if (user === undefined || isDenied) {
      const advice = { reconnect: 'none' } as const;
      return reply(message, { successful: false, error: '403::Handshake denied', advice });
    }
    const acknowledges = message.ext?.ack === true;
    const session = this.#sessions.create({ kind: caller.kind, user, acknowledges, push: caller.push });
    session.startAbsence(this.#options.sessionMs);
    return reply(message, {
      successful: true,
      clientId: session.id,
      version: '1.0',
      minimumVersion: '1.0',
      supportedConnectionTypes: ['long-polling', 'smartrest-long-polling', 'websocket'],
      ext: { ack: true },
    });
  }

  #inSession(
    message: BayeuxMessage,
    caller: Caller,
    act: (session: BayeuxSession) => BayeuxMessage,
  ): BayeuxMessage[] {
    const session = this.#find(message, caller);
    return [session === undefined ? unknownClient(message) : act(session)];
  }

  #find({ clientId }: BayeuxMessage, { kind, userOf }: Caller): BayeuxSession | undefined {
    const user = userOf();
    return this.#sessions.find(clientId, kind, user && `${user.tenant}/${user.name}`);
  }

  #subscribe(message: BayeuxMessage, session: BayeuxSession): BayeuxMessage {
    const { subscription } = message;
    const channels = subscriptionsOf(message);
    const isRefused = this.faults.refusedSubscribes > 0;
    if (isRefused) this.faults.refusedSubscribes -= 1;
    const refused = channels.find((channel) => isRefused || !this.#mayListen(session, channel));
    if (refused !== undefined || channels.length === 0) {
      const error = `403:${refused ?? ''}:Create denied`;
      return reply(message, { successful: false, subscription, error });
    }
    for (const channel of channels) this.#sessions.subscribe(session, channel);
    return reply(message, { successful: true, subscription });
  }

  #mayListen(session: BayeuxSession, name: string): boolean {
    const channel = channelOf(session.kind, name);
    if (channel === undefined || session.subscriptions.size >= MAX_SUBSCRIPTIONS) return false;
    const { role, objectId } = channel;
    return objectId === undefined || this.#platform.may(session.user, role, objectId);
  }

  #unsubscribe(message: BayeuxMessage, session: BayeuxSession): BayeuxMessage {
    for (const channel of subscriptionsOf(message)) this.#sessions.unsubscribe(session, channel);
    return reply(message, { successful: true, subscription: message.subscription });
  }

  async #connect(message: BayeuxMessage, caller: Caller): Promise<BayeuxMessage[]> {
    if (this.faults.holdForever) return untilGone(caller.signal);
    const session = this.#find(message, caller);
    if (session === undefined) return [unknownClient(message)];
    if (session.acknowledges) session.acknowledge(numberIn(message.ext, 'ack') ?? 0);
    const timeoutMs = Math.min(
      numberIn(message.advice, 'timeout') ?? this.#options.longPollMs,
      this.#options.longPollMs,
      MAX_TIMEOUT_MS,
    );
    const advice: Advice = {
      ...{ reconnect: 'retry', interval: 0, timeout: this.#options.longPollMs },
      ...this.faults.advice,
    };
    const intervalMs = Math.max(advice.interval ?? 0, numberIn(message.advice, 'interval') ?? 0);
    try {
      const batch = await this.#held.hold(session, caller, timeoutMs);
      if (batch.cause === 'gone') return [unknownClient(message)];
      const ext = session.acknowledges ? { ext: { ack: batch.number } } : {};
      return [...batch.events, reply(message, { successful: true, ...ext, advice })];
    } finally {
      session.startAbsence(this.#options.sessionMs + intervalMs);
    }
  }

  #later(notification: Notification): void {
    const delayMs = this.#options.deliveryDelayMs + this.faults.deliveryDelayMs;
    if (delayMs <= 0) {
      this.#deliver(notification);
      return;
    }
    // Without a listener now there is nothing to wait for.
    if (this.#sessions.listeners(notification.kind, notification.channel).length === 0) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#deliver(notification);
    }, delayMs);
    this.#timers.add(timer);
  }

  #deliver({ kind, channel, data, objectId }: Notification): void {
    for (const session of this.#sessions.listeners(kind, channel)) {
      const role = channelOf(kind, channel)?.role;
      if (role === undefined || !this.#platform.may(session.user, role, objectId)) continue;
      for (let time = 0; time <= this.faults.duplicateDeliveries; time += 1) {
        if (!session.deliver({ channel, data })) this.#sessions.end(session);
      }
    }
  }
}

function reply(message: BayeuxMessage, fields: Partial<BayeuxMessage>): BayeuxMessage {
  const { channel, id } = message;
  return { channel, ...(id === undefined ? {} : { id }), ...fields };
}

function unknownClient(message: BayeuxMessage): BayeuxMessage {
  const advice = { reconnect: 'handshake', interval: 0 } as const;
  return reply(message, { successful: false, error: '402::Unknown client', advice });
}

/** Never resolves: a connect that got lost. */
function untilGone(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(new ConnectionCut());
    signal.addEventListener('abort', () => reject(new ConnectionCut()), { once: true });
  });
}
