import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Faults } from '../faults.js';
import type { Platform } from '../platform.js';
import { authenticate } from '../authentication.js';
import { PlatformError } from '../store/platform-error.js';
import type { Operation } from '../store/operations.js';
import { type Side, Tunnel, type TunnelSummary } from './tunnel.js';
import { accept, createUpgrader, refuse } from './upgrade.js';
import { clientPath, heldClient, openClient, type WaitingClient } from './waiting-client.js';

/** How the remote-access service behaves where the platform's behaviour is not documented. */
export interface RemoteAccessOptions {
  /** When the client gets its 101: at once, with a buffer until the device joins, or together with the device. */
  readonly clientOpens: 'at-once' | 'with-device';
  /** Life of a connection key, in ms. */
  readonly keyLifeMs: number;
  /** How long a client waits for the device, in ms. */
  readonly deviceWaitMs: number;
  /** Status of an upgrade with an unknown, used or expired key. */
  readonly badKeyStatus: number;
  /** Time between pings to the device, in ms; 0 sends none. */
  readonly pingIntervalMs: number;
  /** Time without a byte after which a tunnel is closed with 1001, in ms; 0 never. */
  readonly idleTimeoutMs: number;
}

/** How a device upgrade with one key is answered, whoever waits behind it. */
export interface KeyAnswer {
  /** 101 takes the device without a client; 0 resets the connection; any other refuses. */
  readonly status: number;
  /** Wait before that, in ms. Default 0. */
  readonly delayMs?: number;
}

/** One upgrade that came in. */
export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  /** Resets the TCP connection below the socket. */
  readonly reset: () => void;
  /** Told what was answered. */
  readonly onStatus: (status: number) => void;
}

interface Pending {
  readonly client: WaitingClient;
  readonly clientUpgrade: Upgrade;
  readonly operation: Operation;
  readonly expiresAtMs: number;
  readonly timer: NodeJS.Timeout;
}

/** Tunnels open or waiting at a time; a client beyond gets 503. Four times what one agent takes by default. */
const MAX_TUNNELS = 40_000;

/** Time between the FIN of a cut and the end of the socket, in ms. */
const CUT_GRACE_MS = 5_000;

/** The remote-access service: pairs a client's WebSocket with the device's by a connection key. */
export class RemoteAccess {
  /** For tests: answers by connection key. Empty at first; bounded by who fills it. */
  readonly answers = new Map<string, KeyAnswer>();
  readonly #upgrader = createUpgrader();
  readonly #pending = new Map<string, Pending>();
  readonly #tunnels = new Set<Tunnel>();
  /** Devices that were taken without a client, each with the way to reset it. */
  readonly #lonely = new Map<WebSocket, () => void>();
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(
    private readonly platform: Platform,
    private readonly faults: Faults,
    private readonly options: RemoteAccessOptions,
  ) {
    const { pingIntervalMs, idleTimeoutMs } = options;
    this.#every(pingIntervalMs, (tunnel) => tunnel.ping());
    this.#every(idleTimeoutMs / 2, (tunnel) => tunnel.closeIfIdle(idleTimeoutMs));
  }

  /** Open tunnels, oldest first. */
  sessions(): TunnelSummary[] {
    return [...this.#tunnels].map((tunnel) => tunnel.summary());
  }

  /** Clients whose device has not joined yet. */
  get waiting(): number {
    return this.#pending.size;
  }

  /** Resets both TCP connections of every tunnel, and those of devices without a client. */
  resetTunnels(): void {
    for (const tunnel of this.#tunnels) tunnel.reset();
    for (const reset of this.#lonely.values()) reset();
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
    for (const [key, { client }] of this.#pending) {
      this.#forget(key);
      client.giveUp();
    }
    for (const tunnel of this.#tunnels) tunnel.close(1001, 'stopping');
  }

  /** A client asks for a tunnel: makes the operation, then waits for the device. */
  onClient(upgrade: Upgrade, query: URLSearchParams): void {
    const user = authenticate(this.platform, upgrade.request.headers, query);
    if (user === undefined) {
      this.#refuse(upgrade, 401);
      return;
    }
    if (!this.platform.may(user, 'ROLE_REMOTE_ACCESS_ADMIN')) {
      this.#refuse(upgrade, 403);
      return;
    }
    if (this.#tunnels.size + this.#pending.size >= MAX_TUNNELS) {
      this.#refuse(upgrade, 503);
      return;
    }
    const path = clientPath(upgrade.request);
    if (path === undefined) {
      this.#refuse(upgrade, 404);
      return;
    }
    const key = randomUUID();
    try {
      const { name, hostname, port } = this.platform.configurations.get(path.deviceId, path.configurationId);
      // Whoever hears of the operation now can come with its key in a later tick only.
      const operation = this.platform.operations.create(path.deviceId, {
        description: `Opening remote access tunnel to '${name}'`,
        c8y_RemoteAccessConnect: { hostname, port, connectionKey: key },
      });
      this.#wait(key, operation, upgrade);
    } catch (error) {
      if (!(error instanceof PlatformError)) throw error;
      this.#refuse(upgrade, error.status);
    }
  }

  /** A device joins with the key of its operation. */
  onDevice(upgrade: Upgrade, key: string): void {
    const user = authenticate(this.platform, upgrade.request.headers);
    if (user === undefined) {
      this.#refuse(upgrade, 401);
      return;
    }
    const answer = this.answers.get(key);
    if (answer !== undefined) {
      setTimeout(() => this.#answer(upgrade, answer), answer.delayMs ?? 0).unref();
      return;
    }
    const pending = this.#pending.get(key);
    if (pending === undefined || pending.expiresAtMs <= this.platform.now()) {
      this.#refuse(upgrade, this.options.badKeyStatus);
      return;
    }
    if (!this.platform.may(user, 'ROLE_DEVICE_CONTROL_ADMIN', pending.operation.deviceId)) {
      this.#refuse(upgrade, 403);
      return;
    }
    this.#forget(key);
    this.#accept(upgrade, (device) => {
      const joined = pending.client.join((client, backlog) => {
        this.#connect(pending, client, device, upgrade, backlog);
      });
      if (!joined) device.close(1011, 'The client left');
    });
  }

  #answer(upgrade: Upgrade, { status }: KeyAnswer): void {
    if (status === 101) {
      // What ends it badly ends it anyway.
      this.#accept(upgrade, (device) => {
        this.#lonely.set(device, upgrade.reset);
        device.on('close', () => this.#lonely.delete(device));
        device.on('error', () => undefined).resume();
      });
    } else if (status === 0) {
      upgrade.onStatus(0);
      upgrade.reset();
    } else {
      this.#refuse(upgrade, status);
    }
  }

  #wait(key: string, operation: Operation, upgrade: Upgrade): void {
    const { keyLifeMs, deviceWaitMs, clientOpens } = this.options;
    const onGone = () => this.#forget(key);
    const register = (client: WaitingClient): void => {
      const timer = setTimeout(() => {
        this.#forget(key);
        client.giveUp();
      }, deviceWaitMs);
      const expiresAtMs = this.platform.now() + keyLifeMs;
      this.#pending.set(key, { client, clientUpgrade: upgrade, operation, expiresAtMs, timer });
    };
    if (clientOpens === 'at-once') {
      this.#accept(upgrade, (webSocket) => register(openClient(webSocket, onGone)));
      return;
    }
    const acceptNow = (head: Buffer, onOpen: (webSocket: WebSocket) => void): boolean =>
      this.#accept({ ...upgrade, head }, onOpen);
    const refuseNow = () => this.#refuse(upgrade, 504);
    register(heldClient(upgrade.socket, upgrade.head, acceptNow, refuseNow, onGone));
  }

  #forget(key: string): void {
    clearTimeout(this.#pending.get(key)?.timer);
    this.#pending.delete(key);
  }

  #connect(
    { operation, clientUpgrade }: Pending,
    client: WebSocket,
    device: WebSocket,
    deviceUpgrade: Upgrade,
    backlog: readonly Buffer[],
  ): void {
    const tunnel = new Tunnel({
      operationId: operation.id,
      deviceId: operation.deviceId,
      client: sideOf(client, clientUpgrade),
      device: sideOf(device, deviceUpgrade),
      backlog,
      faults: this.faults,
      now: this.platform.now,
      onEnd: (ended) => this.#tunnels.delete(ended),
    });
    this.#tunnels.add(tunnel);
  }

  #accept(upgrade: Upgrade, onOpen: (webSocket: WebSocket) => void): boolean {
    const { request, socket, head } = upgrade;
    return accept(this.#upgrader, request, socket, head, (webSocket) => {
      upgrade.onStatus(101);
      onOpen(webSocket);
    });
  }

  #refuse({ socket, onStatus }: Upgrade, status: number): void {
    onStatus(status);
    refuse(socket, status);
  }

  #every(intervalMs: number, act: (tunnel: Tunnel) => void): void {
    if (intervalMs <= 0) return;
    const timer = setInterval(() => this.#tunnels.forEach(act), intervalMs);
    this.#timers.push(timer.unref());
  }
}

function sideOf(webSocket: WebSocket, { socket, reset }: Upgrade): Side {
  const cut = (): void => {
    socket.end();
    // A peer that does not answer the FIN loses its connection anyway.
    setTimeout(() => socket.destroy(), CUT_GRACE_MS).unref();
  };
  return { webSocket, reset, cut };
}
