import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startCloud, type Cloud, type CloudOptions } from '../../simulator/cloud.js';
import type { RegisteredDevice } from '../../simulator/cloud.js';
import { DnsServer, type DnsScript } from '../helpers/dns-server.js';
import { PlantTarget } from '../helpers/plant.js';
import { useNameServer } from './injectors/resolv-conf.js';
import { RawCloud, type RawCloudOptions } from '../helpers/raw-cloud.js';
import { TcpTarget } from '../helpers/tcp-target.js';
import { SmallDisk } from './injectors/small-disk.js';
import { Network } from './injectors/network.js';
import { ToxicProxy, type Toxics } from './injectors/toxic-proxy.js';
import { ApartStand } from './rig/apart-stand.js';
import { CloudProcess } from './rig/cloud-process.js';
import { Stand, type StandOptions } from './rig/stand.js';

export interface StartOptions extends StandOptions {
  readonly cloud?: CloudOptions;
  /** HTTPS and MQTT over TLS instead of plain; the cloud makes an authority that the agent trusts. Default false. */
  readonly tls?: boolean;
  /** Runs between the start of the cloud and that of the agent; what it gives replaces sections of the configuration. */
  readonly before?: (cloud: Cloud, device: RegisteredDevice) => object | undefined;
  /** Default true: start the agent. */
  readonly launch?: boolean;
}

/** What a row works with: an embedded cloud, an agent as a process of its own, targets and injectors. */
export class Rig {
  /** For files of this run; removed at its end. */
  readonly folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-fault-'));
  readonly network = new Network();
  /** What the row measured, by name; shown with its result. */
  readonly figures: Record<string, number> = {};
  readonly #stands: Stand[] = [];
  readonly #apart: ApartStand[] = [];
  readonly #rawClouds: RawCloud[] = [];
  readonly #targets: (() => void)[] = [];
  readonly #ends: (() => unknown)[] = [];

  /** A cloud in this process and an agent in another one, which can receive operations unless told otherwise. */
  async start(options: StartOptions = {}): Promise<Stand> {
    const { tls = false, intake = 'rest' } = options;
    const cloud = await startCloud({ ...ports(tls, intake), ...options.cloud });
    const stand = new Stand(cloud, Stand.folderIn(this.folder), options);
    stand.onCheck = () => this.#letGo();
    this.#stands.push(stand);
    const sections = options.before?.(cloud, stand.device);
    if (sections !== undefined) stand.configure({ ...options.sections, ...sections });
    if (options.launch !== false) await stand.launch(options);
    return stand;
  }

  /** A cloud that can be killed or stopped, and an agent; what one can ask of such a cloud is less. */
  async startApart(options: Omit<StartOptions, 'before' | 'launch'> = {}): Promise<ApartStand> {
    const { tls = false, intake = 'rest' } = options;
    const cloud = await CloudProcess.start({ ...ports(tls, intake), ...options.cloud });
    this.atEnd(() => cloud.stop());
    const stand = await ApartStand.start(cloud, this.folder, options);
    this.#apart.push(stand);
    return stand;
  }

  /** A target on loopback. Default: it sends everything back. */
  async target(
    onSocket?: Parameters<typeof PlantTarget.listen>[0],
    address?: Parameters<typeof PlantTarget.listen>[1],
  ): Promise<PlantTarget> {
    const target = await PlantTarget.listen(onSocket, address);
    this.atEnd(() => target.close());
    this.#targets.push(() => target.connections.forEach(({ socket }) => socket.destroy()));
    return target;
  }

  /** A target on 127.0.0.1 that keeps nothing of what it gets, for streams. Default: it says nothing. */
  async streamTarget(onSocket?: Parameters<typeof TcpTarget.start>[0]): Promise<TcpTarget> {
    const target = await TcpTarget.start(onSocket);
    this.atEnd(() => target.stop());
    this.#targets.push(() => target.sockets.forEach((socket) => socket.destroy()));
    return target;
  }

  /** A scripted server for the tunnels: `sections: { cloud: { remoteAccessUrl: `http://127.0.0.1:${cloud.port}` } }`. */
  async rawCloud(options?: RawCloudOptions): Promise<RawCloud> {
    const cloud = await new RawCloud(options).listen();
    this.#rawClouds.push(cloud);
    this.atEnd(() => cloud.close());
    return cloud;
  }

  /** A TCP proxy to `port` that does harm; the toxics may be changed while it runs. */
  async proxyTo(port: number, toxics: Toxics = {}): Promise<ToxicProxy> {
    const proxy = await ToxicProxy.listen(port, toxics);
    this.atEnd(() => proxy.close());
    return proxy;
  }

  /** A name server that answers from a script, and is the one that every process of the row asks. Needs root. */
  async nameServer(script: DnsScript): Promise<DnsServer> {
    const server = await DnsServer.listen(script, 53);
    this.atEnd(() => server.close());
    useNameServer(this.folder, '127.0.0.1');
    return server;
  }

  /** A folder on a disk of this many bytes. Needs root. */
  smallDisk(bytes: number): SmallDisk {
    const disk = SmallDisk.mount(path.join(this.folder, `disk-${this.#ends.length}`), bytes);
    this.atEnd(() => disk.unmount());
    return disk;
  }

  /** Runs `end` when the row is over, the last one first, whether it survived or not. */
  atEnd(end: () => unknown): void {
    this.#ends.push(end);
  }

  /** Keeps a measured value, in the unit that its name says. */
  figure(name: string, value: number): void {
    this.figures[name] = Math.round(value * 100) / 100;
  }

  /** Sees whether any agent holds or tells what it should not, and ends it. @throws LeakError */
  async check(): Promise<void> {
    this.network.clear();
    for (const stand of this.#stands) await stand.check();
    this.#letGo();
    for (const stand of this.#apart) await stand.check();
  }

  /** Targets let go, and so do scripted servers; tunnels of the simulator are the stands' own. */
  #letGo(): void {
    for (const letGo of this.#targets) letGo();
    for (const { connections } of this.#rawClouds) for (const socket of connections) socket.destroy();
  }

  /** Ends everything that the row started. */
  async stop(): Promise<void> {
    for (const stand of [...this.#stands, ...this.#apart]) await stand.stop();
    for (const end of this.#ends.reverse()) await end();
    this.network.clear();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function ports(tls: boolean, intake: 'rest' | 'mqtt'): CloudOptions {
  const mqtt = intake === 'mqtt' ? (tls ? { mqttsPort: 0 } : { mqttPort: 0 }) : {};
  return { ...(tls ? { httpsPort: 0 } : {}), ...mqtt };
}
