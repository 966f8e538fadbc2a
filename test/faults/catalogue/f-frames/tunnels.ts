import type { Socket } from 'node:net';
import { ClientFrames } from '../../../conformance/client-frames.js';
import { OPCODE } from '../../../conformance/case.js';
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
    private readonly sections: Sections,
  ) {}

  static async start(rig: Rig, sections: Sections = {}): Promise<Tunnels> {
    const target = await rig.streamTarget();
    const waiting: OnUpgraded[] = [];
    const cloud = await rig.rawCloud({
      answer: (socket, request) => {
        // It flowed for the request; from here on nothing is read unless a row wants it.
        socket.pause();
        socket.write(accept(request));
        waiting.shift()?.({ socket, request });
      },
    });
    const remoteAccessUrl = `http://127.0.0.1:${cloud.port}`;
    // Pings would mix with what a row looks at; rows about them set their own.
    const all = { keepAlive: { webSocketPing: 0 }, ...sections, cloud: { remoteAccessUrl } };
    const stand = await rig.start({ sections: all });
    return new Tunnels(stand, target, waiting, all);
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

  /** Takes the conduit away and has the agent read its configuration again. */
  revoke(): void {
    this.stand.configure({ ...this.sections, conduits: [] });
    this.stand.agent.kill('SIGHUP');
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

/** Reads what comes, and resolves with the code of the agent's close frame; 1005 stands for none in it. */
export function closeCode(socket: Socket, limitMs?: number): Promise<number> {
  const reader = new ClientFrames();
  let code: number | undefined;
  socket.on('data', (chunk: Buffer) => {
    const close = reader.push(chunk).find(({ opcode }) => opcode === OPCODE.close);
    if (close !== undefined) code = close.payload.length === 0 ? 1005 : close.payload.readUInt16BE(0);
  });
  socket.resume();
  return eventually(() => code, 'a close frame', limitMs);
}
