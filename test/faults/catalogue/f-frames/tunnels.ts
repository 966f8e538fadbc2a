import type { Socket } from 'node:net';
import { eventually } from '../../../helpers/eventually.js';
import { accept } from '../../../helpers/raw-cloud.js';
import type { TcpTarget } from '../../../helpers/tcp-target.js';
import type { Sections } from '../../rig/configuration.js';
import type { Stand } from '../../rig/stand.js';
import type { Rig } from '../../rig.js';

/** An open session with bare sockets at both of its ends. */
export interface Ends {
  readonly operationId: string;
  /** Upgraded; paused until somebody listens. */
  readonly cloud: Socket;
  readonly target: Socket;
  readonly request: string;
}

interface Upgraded {
  readonly socket: Socket;
  readonly request: string;
}

type OnUpgraded = (upgraded: Upgraded) => void;

/** An agent whose tunnels all end at a scripted server, and a target that says nothing by itself. */
export class Tunnels {
  private constructor(
    readonly stand: Stand,
    readonly target: TcpTarget,
    private readonly waiting: OnUpgraded[],
  ) {}

  static async start(rig: Rig, sections: Sections = {}): Promise<Tunnels> {
    const target = await rig.streamTarget();
    const waiting: OnUpgraded[] = [];
    const cloud = await rig.rawCloud({
      answer: (socket, request) => {
        socket.write(accept(request));
        waiting.shift()?.({ socket, request });
      },
    });
    const remoteAccessUrl = `http://127.0.0.1:${cloud.port}`;
    // Pings would mix with what a row looks at; rows about them set their own.
    const stand = await rig.start({
      sections: { keepAlive: { webSocketPing: 0 }, ...sections, cloud: { remoteAccessUrl } },
    });
    return new Tunnels(stand, target, waiting);
  }

  /** Opens one session after the other; not two at the same time. */
  async open(): Promise<Ends> {
    const { stand, target } = this;
    const before = target.sockets.length;
    const upgraded = new Promise<Upgraded>((resolve) => this.waiting.push(resolve));
    const operationId = stand.operate(target);
    const { socket: cloud, request } = await upgraded;
    const targetSocket = await eventually(() => target.sockets[before], 'a connection to the target');
    await stand.agent.logged('session open', { operationId });
    return { operationId, cloud, request, target: targetSocket };
  }

  /** Why the session ended, once it has. */
  async reason({ operationId }: Ends, limitMs?: number): Promise<string> {
    const { reason } = await this.stand.agent.logged('session ended', { operationId }, limitMs);
    return String(reason);
  }
}

/** Reads and drops what comes, and ends when the peer does, as a program without interest does. */
export function polite(socket: Socket): void {
  socket.once('end', () => socket.end()).resume();
}
