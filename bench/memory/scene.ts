import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { Authority } from '../../simulator/tls/authority.js';
import { LOOPBACK } from '../traffic/loopback.js';
import { WebSocketServer } from '../traffic/web-socket-server.js';

const AGENT = path.join(import.meta.dirname, '../peers/agents/gatehouse.js');

/** Longest time until all sessions are up, in ms. */
const OPEN_MS = 60_000;
const LOOK_MS = 100;

/** What stays of a set-up is collected soon after it; before that the figure would be of the set-up. */
const SETTLE_MS = 3_000;

export interface SceneOptions {
  readonly sessions: number;
  readonly isTls: boolean;
}

/** Gatehouse's data plane in one worker of its own process, with sessions to a cloud and targets in this one. */
export class Scene {
  readonly clouds: Duplex[] = [];
  readonly targets: Socket[] = [];
  readonly #agent: ChildProcess;
  readonly #stop: () => void;

  private constructor(agent: ChildProcess, stop: () => void) {
    this.#agent = agent;
    this.#stop = stop;
  }

  /** Opens all sessions; neither end reads before it is told to. @throws Error when they are not up in a minute. */
  static async open({ sessions, isTls }: SceneOptions): Promise<Scene> {
    const authority = isTls ? await Authority.create('Gatehouse bench CA') : undefined;
    const clouds: Duplex[] = [];
    const targets: Socket[] = [];
    const cloud = new WebSocketServer({
      ...(authority === undefined ? {} : { tls: await authority.issueServer() }),
      onSocket: (socket) => void clouds.push(quiet(socket)),
    });
    const target = createServer({ pauseOnConnect: true }, (socket) => void targets.push(quiet(socket)));
    const cloudPort = await cloud.listen();
    const targetPort = await listen(target);
    const caFile = path.join(tmpdir(), `gatehouse-bench-${process.pid}.pem`);
    if (authority !== undefined) writeFileSync(caFile, authority.ca);
    const flags = {
      'cloud-port': cloudPort,
      'target-port': targetPort,
      sessions,
      workers: 1,
      // A session's memory must not depend on it.
      'max-message': Number.MAX_SAFE_INTEGER,
    };
    const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const agent = spawn(process.execPath, [AGENT, ...args, ...(isTls ? ['--ca', caFile] : [])], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    const scene = new Scene(agent, () => {
      cloud.close();
      target.close();
      rmSync(caFile, { force: true });
    });
    try {
      for (let ms = 0; clouds.length < sessions || targets.length < sessions; ms += LOOK_MS) {
        if (ms >= OPEN_MS || agent.exitCode !== null)
          throw new Error(`only ${clouds.length} sessions came up`);
        await pause(LOOK_MS);
      }
    } catch (error) {
      scene.close();
      throw error;
    }
    scene.clouds.push(...clouds);
    scene.targets.push(...targets);
    await pause(SETTLE_MS);
    return scene;
  }

  /** Memory of the agent's process that is in use, in bytes. */
  residentBytes(): number {
    const status = readFileSync(`/proc/${this.#agent.pid ?? 0}/status`, 'latin1');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1_024;
  }

  close(): void {
    this.#agent.kill('SIGKILL');
    for (const socket of [...this.clouds, ...this.targets]) socket.destroy();
    this.#stop();
  }
}

function quiet<S extends Duplex>(socket: S): S {
  socket.on('error', () => undefined);
  socket.pause();
  return socket;
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen({ host: LOOPBACK, port: 0, backlog: 1_024 }, resolve));
  return (server.address() as AddressInfo).port;
}
