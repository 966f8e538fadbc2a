import type { ServerOptions } from 'node:https';
import { Listener } from './listener.js';
import type { Front } from './rest/front.js';
import type { Upgrades } from './upgrades.js';

/** Which HTTP ports to open; undefined opens none, 0 takes a free one. */
export interface PortNumbers {
  readonly http: number;
  readonly https: number | undefined;
  /** Asks for a client certificate. */
  readonly certificate: number | undefined;
}

/** The HTTP ports of a cloud: one front behind all of them. */
export class Ports {
  readonly #listeners = new Map<keyof PortNumbers, Listener>();
  readonly #life = { isStopped: false };

  constructor(
    private readonly host: string,
    private readonly front: Front,
    private readonly upgrades: Upgrades,
  ) {}

  /** @throws Error of the system when a port is taken. */
  async open(numbers: PortNumbers, tls: ServerOptions | undefined): Promise<void> {
    // Who is trusted is looked up at the request, so that trust can be added while the cloud runs.
    const mutual = { ...tls, requestCert: true, rejectUnauthorized: false };
    await this.#listen('http', numbers.http, undefined);
    await this.#listen('https', numbers.https, tls);
    await this.#listen('certificate', numbers.certificate, mutual);
  }

  /** The address of a port, if it is open. TLS ports go by `localhost`, which their certificate names first. */
  url(port: keyof PortNumbers): string | undefined {
    const listener = this.#listeners.get(port);
    if (listener === undefined) return undefined;
    return port === 'http'
      ? `http://${hostPort(this.host, listener.port)}`
      : `https://localhost:${listener.port}`;
  }

  /** Closes every port and connection; `comeBack` opens the same ports again. */
  async goDown(): Promise<void> {
    await Promise.all([...this.#listeners.values()].map((listener) => listener.stop()));
  }

  /** Does nothing after `stop`, which a restart may be under way at. */
  async comeBack(): Promise<void> {
    const { isStopped } = this.#life;
    if (isStopped) return;
    await Promise.all([...this.#listeners.values()].map((listener) => listener.start()));
    if (this.#life.isStopped) await this.goDown();
  }

  async stop(): Promise<void> {
    this.#life.isStopped = true;
    await this.goDown();
  }

  async #listen(
    name: keyof PortNumbers,
    port: number | undefined,
    tls: ServerOptions | undefined,
  ): Promise<void> {
    if (port === undefined) return;
    const { front, upgrades, host } = this;
    const listener: Listener = new Listener({
      host,
      port,
      tls,
      onRequest: (request, response) =>
        front.onRequest(request, response, () => listener.reset(request.socket)),
      onUpgrade: (request, socket, head) =>
        upgrades.onUpgrade(request, socket, head, () => listener.reset(socket)),
    });
    await listener.start();
    this.#listeners.set(name, listener);
  }
}

/** `host:port`, IPv6 in brackets. */
export function hostPort(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
