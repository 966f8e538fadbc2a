import type { IncomingMessage } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { Duplex } from 'node:stream';
import type { Faults, RequestFault } from './faults.js';
import type { BayeuxService, MqttService, Platform } from './platform.js';
import type { Recorder } from './recorder.js';
import type { RemoteAccess, Upgrade } from './remote-access/remote-access.js';
import { refuse } from './remote-access/upgrade.js';
import { credentialsOf } from './authentication.js';
import { urlOf } from './rest/front.js';
import { PlatformError } from './store/platform-error.js';

/** What WebSocket upgrades go to. */
export interface UpgradeParts {
  readonly platform: Platform;
  readonly faults: Faults;
  readonly recorder: Recorder;
  readonly remoteAccess: RemoteAccess;
  readonly bayeux?: BayeuxService | undefined;
  readonly mqtt?: MqttService | undefined;
  /** Added to every upgrade, in ms. */
  readonly latencyMs: number;
}

/** Sends WebSocket upgrades where they belong: faults first. */
export class Upgrades {
  constructor(private readonly parts: UpgradeParts) {}

  /** @param reset Sends RST on the connection of the upgrade. */
  onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, reset: () => void): void {
    socket.on('error', () => undefined);
    const { platform, recorder } = this.parts;
    const atMs = platform.now();
    const onStatus = (status: number): void => {
      const query = new URLSearchParams((request.url ?? '').split('?')[1] ?? '');
      const authorization = credentialsOf(request.headers, query);
      recorder.add({ atMs, method: request.method ?? '', path: request.url ?? '', authorization, status });
    };
    this.#serve({ request, socket, head, reset, onStatus }).catch(() => {
      onStatus(500);
      refuse(socket, 500);
    });
  }

  async #serve(upgrade: Upgrade): Promise<void> {
    const { request, socket, onStatus } = upgrade;
    const url = urlOf(request);
    const fault = this.parts.faults.takeRequest(request.method ?? '', url.pathname);
    const latencyMs = this.parts.latencyMs + (fault?.latencyMs ?? 0);
    if (latencyMs > 0) await wait(latencyMs, undefined, { ref: false });
    if (fault !== undefined && inject(fault, upgrade)) return;
    if (this.#isUnsubscribed(upgrade, url) || this.#dispatch(upgrade, url)) return;
    onStatus(404);
    refuse(socket, 404);
  }

  /** True when the upgrade was for a microservice that the tenant is not subscribed to, and was answered. */
  #isUnsubscribed({ socket, onStatus }: Upgrade, { pathname }: URL): boolean {
    try {
      this.parts.platform.subscriptions.demand(pathname);
      return false;
    } catch (error) {
      if (!(error instanceof PlatformError)) throw error;
      onStatus(error.status);
      const document = { error: error.error, message: error.message };
      refuse(socket, error.status, { body: Buffer.from(JSON.stringify(document)) });
      return true;
    }
  }

  /** True when somebody took the upgrade. */
  #dispatch(upgrade: Upgrade, url: URL): boolean {
    const { remoteAccess, bayeux, mqtt } = this.parts;
    const { request, socket, head, onStatus } = upgrade;
    const key = /^\/service\/remoteaccess\/device\/([^/]+)$/.exec(url.pathname)?.[1];
    if (key !== undefined) {
      remoteAccess.onDevice(upgrade, key);
    } else if (url.pathname.startsWith('/service/remoteaccess/client/')) {
      remoteAccess.onClient(upgrade, url.searchParams);
    } else if (bayeux?.handles(url.pathname) === true) {
      onStatus(101);
      bayeux.onUpgrade(request, socket, head);
    } else if (mqtt !== undefined && url.pathname === '/mqtt') {
      onStatus(101);
      mqtt.onUpgrade(request, socket, head);
    } else {
      return false;
    }
    return true;
  }
}

/** True when the fault took the upgrade over. */
function inject(fault: RequestFault, { socket, reset, onStatus }: Upgrade): boolean {
  if (fault.instead === undefined && fault.status === undefined) return false;
  onStatus(fault.instead === undefined ? (fault.status ?? 0) : 0);
  switch (fault.instead) {
    case 'reset':
      reset();
      break;
    case 'close':
      socket.destroy();
      break;
    case 'silence':
      // Read, so that the peer's leaving is noticed.
      socket.resume().once('end', () => socket.destroy());
      break;
    case undefined: {
      const body = fault.bodyBytes === undefined ? undefined : Buffer.alloc(fault.bodyBytes, 'x');
      refuse(socket, fault.status ?? 500, {
        retryAfterSeconds: fault.retryAfterSeconds,
        location: fault.location,
        body,
      });
    }
  }
  return true;
}
