import { BayeuxEndpoint } from './bayeux/bayeux.js';
import { type CloudOptions, type CloudTiming, DEFAULT_TIMING } from './cloud-options.js';
import { Faults } from './faults.js';
import { type MqttServer, startMqtt } from './mqtt/mqtt.js';
import { Platform } from './platform.js';
import { hostPort, Ports } from './ports.js';
import { Recorder } from './recorder.js';
import { RemoteAccess } from './remote-access/remote-access.js';
import type { TunnelSummary } from './remote-access/tunnel.js';
import { Front } from './rest/front.js';
import { routes } from './rest/routes.js';
import { Router } from './rest/router.js';
import { Upgrades } from './upgrades.js';
import type { Configuration } from './store/configurations.js';
import type { Fragments, ManagedObject } from './store/inventory.js';
import type { Operation } from './store/operations.js';
import { ADMIN_ROLES, randomPassword } from './store/users.js';
import { Authority, type KeyAndCertificate, type Life } from './tls/authority.js';

export type { CloudOptions, CloudTiming } from './cloud-options.js';
export { describeCloud } from './description.js';

/** Somebody who can log in. */
export interface Login {
  readonly tenant: string;
  readonly user: string;
  readonly password: string;
}

/** A device that the operator registered. */
export interface RegisteredDevice extends Login {
  readonly id: string;
  readonly externalId: string;
}

/** A small Cumulocity that is listening. */
export class Cloud {
  readonly faults = new Faults();
  /** The last 10,000 requests and upgrades. */
  readonly requests = new Recorder();
  readonly platform: Platform;
  readonly remoteAccess: RemoteAccess;
  /** The administrator. */
  readonly operator: Login;
  /** Real-time notifications, with their faults. */
  readonly realtime: BayeuxEndpoint;
  readonly #host: string;
  readonly #timing: CloudTiming;
  #ports: Ports | undefined;
  #mqtt: MqttServer | undefined;
  #authority: Authority | undefined;

  /** Use startCloud. */
  constructor(private readonly options: CloudOptions) {
    this.#host = options.host ?? '127.0.0.1';
    this.#timing = { ...DEFAULT_TIMING, ...options.timing };
    this.platform = new Platform(options);
    const password = options.operatorPassword ?? randomPassword();
    const { name } = this.platform.users.add(options.operatorName ?? 'operator', password, ADMIN_ROLES);
    this.operator = { tenant: this.platform.tenant, user: name, password };
    this.remoteAccess = new RemoteAccess(this.platform, this.faults, {
      ...this.#timing,
      clientOpens: options.clientOpens ?? 'at-once',
      badKeyStatus: options.badKeyStatus ?? 404,
    });
    this.realtime = new BayeuxEndpoint(this.platform, {
      ...this.#timing,
      sessionMs: this.#timing.realtimeSessionMs,
    });
  }

  /** Opens every port that was asked for. Use startCloud. */
  async start(): Promise<void> {
    const { port = 0, httpsPort, certificatePort, mqttPort, mqttsPort } = this.options;
    const wantsTls = [httpsPort, certificatePort, mqttsPort].some((each) => each !== undefined);
    const tls = wantsTls ? await this.#createTls() : undefined;
    const { deliveryDelayMs } = this.#timing;
    const mqttPorts = { port: mqttPort, securePort: mqttsPort };
    this.#mqtt = await startMqtt(this.platform, { ...mqttPorts, tls, deliveryDelayMs, host: this.#host });
    this.#ports = this.#createPorts(this.#mqtt);
    await this.#ports.open({ http: port, https: httpsPort, certificate: certificatePort }, tls);
  }

  /** `http://127.0.0.1:port`. */
  get url(): string {
    return this.#ports?.url('http') ?? '';
  }

  /** `https://localhost:port`, if that port is open. */
  get httpsUrl(): string | undefined {
    return this.#ports?.url('https');
  }

  /** `https://localhost:port` of the port that takes device certificates, if it is open. */
  get certificateUrl(): string | undefined {
    return this.#ports?.url('certificate');
  }

  /** `mqtt://127.0.0.1:port`, if that port is open. */
  get mqttUrl(): string | undefined {
    const port = this.#mqtt?.port;
    return port === undefined ? undefined : `mqtt://${hostPort(this.#host, port)}`;
  }

  /** `mqtts://localhost:port`, if that port is open. */
  get mqttsUrl(): string | undefined {
    const port = this.#mqtt?.securePort;
    return port === undefined ? undefined : `mqtts://localhost:${port}`;
  }

  /** Certificate (PEM) of the authority that signed the servers' certificates; undefined without a TLS port. */
  get ca(): string | undefined {
    return this.#authority?.ca;
  }

  /** MQTT, over its own ports and `/mqtt`, with its faults and clients. */
  get mqtt(): MqttServer | undefined {
    return this.#mqtt;
  }

  /** Open tunnels, oldest first. */
  sessions(): TunnelSummary[] {
    return this.remoteAccess.sessions();
  }

  /**
   * Creates a device (an agent, or a child of `parentId`) with its user `device_<externalId>`.
   * @param fragments More of its managed object; `name` is the external id unless given.
   */
  registerDevice(
    externalId: string,
    options: { readonly password?: string; readonly parentId?: string; readonly fragments?: Fragments } = {},
  ): RegisteredDevice {
    const { user, password } = this.platform.users.addDevice(externalId, options.password);
    const { id } = this.platform.ensureDevice(externalId, options.fragments, options.parentId);
    return { id, externalId, tenant: user.tenant, user: user.name, password };
  }

  /** Creates a child device without a user of its own, as a gateway would. */
  addChild(parentId: string, externalId: string, fragments: Fragments = {}): ManagedObject {
    const owner = this.platform.inventory.get(parentId).owner;
    return this.platform.ensureDevice(externalId, fragments, parentId, owner);
  }

  /** Adds a remote-access endpoint to a device; PASSTHROUGH unless something else is given. */
  addConfiguration(
    deviceId: string,
    target: {
      readonly name: string;
      readonly hostname: string;
      readonly port: number;
      readonly protocol?: string;
    },
  ): Configuration {
    return this.platform.configurations.create(deviceId, { protocol: 'PASSTHROUGH', ...target });
  }

  /** Creates an operation without a client behind it: its connection key opens nothing. */
  createOperation(deviceId: string, fragments: Fragments): Operation {
    return this.platform.operations.create(deviceId, fragments);
  }

  /**
   * A certificate for a device, its common name the external id, signed by an authority that the tenant trusts.
   * @param life Default: from an hour ago for 90 days.
   */
  async issueDeviceCertificate(externalId: string, life?: Partial<Life>): Promise<KeyAndCertificate> {
    const authority = await this.#createAuthority();
    return authority.issueDevice(externalId, life);
  }

  /** Takes HTTP and HTTPS down, with every connection, and brings them back on the same ports. The store stays. */
  async restart(pauseMs = 0): Promise<void> {
    await this.goDown();
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    await this.comeBack();
  }

  /** First half of a restart: nobody listens any more. */
  async goDown(): Promise<void> {
    await this.#ports?.goDown();
  }

  /** Second half of a restart. */
  async comeBack(): Promise<void> {
    await this.#ports?.comeBack();
  }

  /** Cuts every hanging real-time connect and WebSocket without an answer. */
  cutLongPolls(): void {
    this.realtime.cut();
  }

  /** Forgets every real-time session, so that the next connect gets `402::Unknown client`. */
  forgetRealtimeSessions(): void {
    this.realtime.forget();
  }

  /** Drops every MQTT connection without a word. */
  dropMqttConnections(): void {
    this.#mqtt?.dropConnections();
  }

  /** Ends everything. */
  async stop(): Promise<void> {
    this.remoteAccess.stop();
    this.realtime.stop();
    await this.#mqtt?.stop();
    await this.#ports?.stop();
  }

  #createPorts(mqtt: MqttServer): Ports {
    const { platform, faults, requests: recorder, remoteAccess, realtime: bayeux } = this;
    const { latencyMs, dateSkewMs } = this.#timing;
    const controls = { faults, recorder, sessions: () => this.sessions(), actions: this.#actions() };
    const router = new Router(routes(controls));
    const upgrades = new Upgrades({ platform, faults, recorder, remoteAccess, bayeux, mqtt, latencyMs });
    const front = new Front({ platform, faults, recorder, router, bayeux, latencyMs, dateSkewMs });
    return new Ports(this.#host, front, upgrades);
  }

  #actions(): Record<string, () => void> {
    return {
      restart: () => void this.restart(),
      'cut-long-polls': () => this.cutLongPolls(),
      'forget-realtime-sessions': () => this.forgetRealtimeSessions(),
      'drop-mqtt-connections': () => this.dropMqttConnections(),
      'reset-tunnels': () => this.remoteAccess.resetTunnels(),
      'expire-tokens': () => this.platform.users.expireTokens(),
      'subscribe-remote-access': () => this.platform.subscriptions.add('remoteaccess'),
      'unsubscribe-remote-access': () => this.platform.subscriptions.remove('remoteaccess'),
    };
  }

  async #createTls(): Promise<{ key: string; cert: string; ca: string }> {
    const authority = await this.#createAuthority();
    return { ...(await authority.issueServer(...(this.options.serverNames ?? []))), ca: authority.ca };
  }

  async #createAuthority(): Promise<Authority> {
    if (this.#authority !== undefined) return this.#authority;
    this.#authority = await Authority.create();
    this.platform.trustedCertificates.add(this.#authority.ca);
    return this.#authority;
  }
}

/** Starts a cloud. Resolves when every port is open. @throws Error of the system when a port is taken. */
export async function startCloud(options: CloudOptions = {}): Promise<Cloud> {
  const cloud = new Cloud(options);
  try {
    await cloud.start();
    return cloud;
  } catch (error) {
    // What had started before would keep the process alive.
    await cloud.stop();
    throw error;
  }
}
