import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { Configurations } from './store/configurations.js';
import { DeviceRequests } from './store/device-requests.js';
import { type Event, Events } from './store/events.js';
import { Identity } from './store/identity.js';
import { Ids } from './store/ids.js';
import { Inventory, type InventoryChange, type ManagedObject } from './store/inventory.js';
import { MAX_OPERATIONS, type Operation, Operations } from './store/operations.js';
import { Subscriptions } from './subscriptions.js';
import { TenantOptions } from './store/tenant-options.js';
import { TrustedCertificates } from './store/trusted-certificates.js';
import { ADMIN_ROLES, randomPassword, type Role, type User, Users } from './store/users.js';

/** What a platform can be told at its start. */
export interface PlatformOptions {
  /** Tenant id. Default `t0815`. */
  readonly tenant?: string;
  /** Time in ms since 1970. Default Date.now. */
  readonly now?: () => number;
  /** Life of bearer tokens in ms. Default 3,600,000, the platform's. */
  readonly tokenLifeMs?: number;
  /** Operations kept; beyond it the oldest is forgotten. Default 100,000. */
  readonly operationsKept?: number;
  /** A polling device gets credentials although nobody accepted it. Default false. */
  readonly acceptAllDevices?: boolean;
}

/** What a platform tells, at once and in the order it happens. */
export interface PlatformEvents {
  operationCreated: [operation: Operation];
  operationUpdated: [operation: Operation, before: Operation];
  eventCreated: [event: Event];
  managedObject: [change: InventoryChange, object: ManagedObject];
}

/** The user that new devices register with; password of the bootstrap user in the simulator. */
export const BOOTSTRAP = {
  tenant: 'management',
  name: 'devicebootstrap',
  password: 'simulated-bootstrap',
} as const;

/** A small Cumulocity tenant in memory, without sockets. Everything in it is bounded. */
export class Platform extends EventEmitter<PlatformEvents> {
  readonly tenant: string;
  readonly now: () => number;
  readonly users: Users;
  readonly inventory: Inventory;
  readonly identity = new Identity();
  readonly operations: Operations;
  readonly events: Events;
  readonly configurations: Configurations;
  readonly deviceRequests: DeviceRequests;
  readonly trustedCertificates: TrustedCertificates;
  readonly tenantOptions = new TenantOptions();
  readonly subscriptions = new Subscriptions();
  /** For tests: documents that open every REST list of PENDING operations, as they are. Empty at first. */
  readonly rawOperations: Uint8Array[] = [];
  readonly #servicePasswords = new Map<string, string>();

  constructor(options: PlatformOptions = {}) {
    super();
    // Every real-time session may listen; how many there are is bounded where they are made.
    this.setMaxListeners(0);
    this.tenant = options.tenant ?? 't0815';
    this.now = options.now ?? Date.now;
    // The first ids differ so that a mixed-up id shows in a log.
    const ids = new Ids(40_001);
    this.users = new Users(this.tenant, this.now, options.tokenLifeMs ?? 3_600_000);
    this.users.add(BOOTSTRAP.name, BOOTSTRAP.password, ['ROLE_DEVICE_BOOTSTRAP'], {
      tenant: BOOTSTRAP.tenant,
    });
    this.inventory = new Inventory(ids, this.now, (change, object) => this.#onObject(change, object));
    this.operations = new Operations(
      new Ids(900_001),
      this.inventory,
      this.now,
      options.operationsKept ?? MAX_OPERATIONS,
      (operation) => this.emit('operationCreated', operation),
      (operation, before) => this.emit('operationUpdated', operation, before),
    );
    this.events = new Events(new Ids(700_001), this.inventory, this.now, (event) =>
      this.emit('eventCreated', event),
    );
    this.configurations = new Configurations(new Ids(1), this.inventory);
    this.deviceRequests = new DeviceRequests(this.users, options.acceptAllDevices ?? false);
    this.trustedCertificates = new TrustedCertificates(this.now);
  }

  /** True when the user has the role, or owns the object or one of its ancestors. */
  may(user: User, role: Role, managedObjectId?: string): boolean {
    if (user.roles.has(role)) return true;
    if (managedObjectId === undefined) return false;
    return this.inventory
      .lineage(managedObjectId)
      .some((id) => this.inventory.find(id)?.owner === user.name && user.tenant === this.tenant);
  }

  /** The device of an external id of type `c8y_Serial`; undefined when there is none yet. */
  deviceBySerial(externalId: string): ManagedObject | undefined {
    const entry = this.identity.find('c8y_Serial', externalId);
    return entry === undefined ? undefined : this.inventory.find(entry.managedObjectId);
  }

  /**
   * The device of a serial, created if it is not there: owned by `device_<owner>`, an agent unless it has a parent.
   * @param fragments name, type and whatever else belongs on it.
   */
  ensureDevice(
    externalId: string,
    fragments: Readonly<Record<string, unknown>> = {},
    parentId?: string,
    owner = `device_${externalId}`,
  ): ManagedObject {
    const known = this.deviceBySerial(externalId);
    if (known !== undefined) return known;
    const marker = parentId === undefined ? { com_cumulocity_model_Agent: {} } : {};
    const created = this.inventory.create(
      { name: externalId, c8y_IsDevice: {}, ...marker, ...fragments },
      owner,
    );
    this.identity.bind(created.id, 'c8y_Serial', externalId);
    if (parentId !== undefined) this.inventory.addChild(parentId, created.id);
    return created;
  }

  /** The technical user of a microservice, made at the first call; only names in our own code come here. */
  serviceUser(name: string): { user: User; password: string } {
    const password = this.#servicePasswords.get(name) ?? randomPassword();
    this.#servicePasswords.set(name, password);
    const known = this.users.get(`service_${name}`);
    return { user: known ?? this.users.add(`service_${name}`, password, ADMIN_ROLES), password };
  }

  #onObject(change: InventoryChange, object: ManagedObject): void {
    if (change === 'DELETE') this.identity.unbindAll(object.id);
    this.emit('managedObject', change, object);
  }
}

/** What the MQTT part needs to listen. `simulator/mqtt/mqtt.ts` exports `startMqtt` of type StartMqtt. */
export interface MqttOptions {
  /** Port of plain MQTT on 127.0.0.1; 0 takes a free one, undefined opens none. */
  readonly port?: number | undefined;
  /** Port of MQTT over TLS; 0 takes a free one, undefined opens none. Wants `tls`. */
  readonly securePort?: number | undefined;
  /** Server key, certificate chain and authority, all PEM. Client certificates are checked by `platform.trustedCertificates`. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly ca: string } | undefined;
  /** Time from an operation's creation to its delivery in ms. */
  readonly deliveryDelayMs: number;
  /** Host to bind. */
  readonly host: string;
}

/** MQTT that is listening. */
export interface MqttService {
  readonly port: number | undefined;
  readonly securePort: number | undefined;
  /** Takes over a WebSocket upgrade of `/mqtt`. */
  onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Drops every connection without a word (fault); clients may connect again at once. */
  dropConnections(): void;
  stop(): Promise<void>;
}

export type StartMqtt = (platform: Platform, options: MqttOptions) => Promise<MqttService>;

/** Timing of real-time notifications. */
export interface BayeuxOptions {
  /** Longest time one connect hangs without a message, in ms. The platform's default is 5,400,000. */
  readonly longPollMs: number;
  /** Time between the blanks that keep a hanging connect alive, in ms. */
  readonly heartbeatMs: number;
  /** Time after a connect was answered until the session is dropped, in ms. The platform's is 10,000. */
  readonly sessionMs: number;
  /** Time from an operation's creation to its delivery in ms. */
  readonly deliveryDelayMs: number;
}

/** The Bayeux part. `simulator/bayeux/bayeux.ts` exports `createBayeux` of type CreateBayeux. */
export interface BayeuxService {
  /** True for the paths it serves. */
  handles(pathname: string): boolean;
  /**
   * Answers one POST, long polls included. It reads the body itself, bounded.
   * The caller did authenticate: undefined means no or wrong credentials, to be answered with 401.
   */
  onRequest(request: IncomingMessage, response: ServerResponse, user: User | undefined): void;
  /** Takes over a WebSocket upgrade of its paths; authentication is in the handshake message. */
  onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Cuts every hanging connect and WebSocket without an answer (fault). */
  cut(): void;
  /** Forgets every session, so that the next connect gets `402::Unknown client` (fault). */
  forget(): void;
  /** Ends everything; nothing keeps the process alive after it. */
  stop(): void;
}

export type CreateBayeux = (platform: Platform, options: BayeuxOptions) => BayeuxService;
