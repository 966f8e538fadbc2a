import { randomBytes } from 'node:crypto';
import type { Config } from '../../config/config.js';
import type { CurrentCredentials } from '../authorization.js';
import { CloudClock } from '../cloud-clock.js';
import type { Cloud } from '../cloud.js';
import type { CloudOptions } from '../cloud-options.js';
import { commonOf, keeperOf, type Common } from '../common.js';
import { DeviceIdentity } from '../device-identity.js';
import type { CloudDevice } from '../devices.js';
import { EVENT_TOPIC } from '../event-mqtt.js';
import type { EventOutbox } from '../event-outbox.js';
import { createBrokerEvents } from '../events.js';
import type { Intake, ParsedOperation } from '../intake.js';
import { LinkError, paceOf } from '../link-error.js';
import type { LinkKeeper } from '../link-keeper.js';
import { MqttLink } from '../mqtt-link.js';
import { MqttStatus } from '../mqtt-status.js';
import { MqttUplink } from '../mqtt-uplink.js';
import { OperationGate } from '../operation-gate.js';
import { RestClient } from '../rest-client.js';
import { StatusOutbox } from '../status-outbox.js';
import type { StatusTransport } from '../status-transport.js';
import { BridgeTokens } from './bridge-tokens.js';
import { BridgeTopics } from './bridge-topics.js';
import { DeviceDirectory } from './device-directory.js';
import { localLink } from './local-link.js';
import { RecentStatuses } from './recent-statuses.js';
import { ServedDevices } from './served-devices.js';
import { ThinEdgeIntake } from './thin-edge-intake.js';

/** What intake thin-edge needs of the configuration. */
type ThinEdgeOptions = CloudOptions & { readonly config: Required<CloudOptions['config']> };

/**
 * The device side of Cumulocity on a gateway that thin-edge.io connects: everything goes through its local broker, and
 * nothing over REST. Devices are thin-edge.io's to create, and so is what they declare.
 */
export class ThinEdgeSide implements Cloud {
  readonly intake: Intake;
  readonly status: StatusOutbox;
  readonly events: EventOutbox;
  readonly rest: RestClient;
  readonly clock: CloudClock;
  readonly #options: ThinEdgeOptions;
  readonly #topics: BridgeTopics;
  readonly #common: Common;
  readonly #gate: OperationGate;
  readonly #directory: DeviceDirectory;
  readonly #devices: ServedDevices;
  readonly #keeper: LinkKeeper;
  readonly #uplink = new MqttUplink();
  readonly #run: ThinEdgeIntake;
  readonly #identity: DeviceIdentity;
  readonly #tokens: BridgeTokens;
  readonly #recent: RecentStatuses;
  /** Another process has the operations; we stay connected for the statuses of what we have begun. */
  #isReleased = false;

  constructor(options: ThinEdgeOptions) {
    const { config, log } = options;
    const common = commonOf(options);
    const { monotonic, newBackoff } = common;
    this.#options = options;
    this.#common = common;
    this.#gate = new OperationGate({ ...options, before: (parsed) => this.#tellStranger(parsed) });
    this.#topics = new BridgeTopics(config.thinEdge);
    this.#directory = new DeviceDirectory(config.state.directory, config.device.externalIdType);
    this.#devices = new ServedDevices(this.#directory, this.#topics, config.device);
    // Nothing tells the cloud's time here: the gateway's clock has to be right, as thin-edge.io's certificates want it.
    this.clock = new CloudClock(common);
    this.#tokens = new BridgeTokens({ uplink: this.#uplink, topics: this.#topics });
    this.#identity = this.#newIdentity();
    this.rest = new RestClient({
      cloud: config.cloud,
      credentials: this.#identity.credentials,
      clock: this.clock,
      parseJson: options.parseJson,
      requestMs: common.timing.requestMs,
      onViolation: (violation, count) => options.events.onViolation?.(violation, count),
    });
    this.#recent = new RecentStatuses(this.#statusTransport(), monotonic);
    this.status = new StatusOutbox({
      transport: this.#recent,
      journal: options.journal,
      backoff: newBackoff(),
      timing: common.timing.backoff,
      monotonic,
      log,
    });
    this.events = createBrokerEvents({
      uplink: this.#uplink,
      topic: this.#topics.local(EVENT_TOPIC),
      sourceOf: (deviceId) => ({
        externalId: this.#devices.externalId(deviceId),
        type: config.device.externalIdType,
      }),
      journal: options.eventJournal,
      backoff: newBackoff(),
      log,
    });
    this.#run = this.#newIntake();
    this.#keeper = keeperOf(common, {
      attempt: (signal, onUp) => this.#attempt(signal, onUp),
      waiting: [this.status, this.events],
      onLink: (link) => {
        if (!this.#isReleased) options.events.onLink(link);
      },
    });
    this.intake = { start: () => this.#start(), stop: () => this.#stop() };
  }

  get credentials(): CurrentCredentials {
    return this.#identity.credentials;
  }

  renew(cloud: Config['cloud']): void {
    this.#identity.replace(cloud);
  }

  gatewayId(): string | undefined {
    return undefined;
  }

  device(deviceId: string): CloudDevice | undefined {
    return this.#devices.device(deviceId);
  }

  /** Only whether the local broker lets us in: everything behind it is thin-edge.io's. */
  async prepare(signal: AbortSignal): Promise<void> {
    const link = await MqttLink.open(
      { ...localLink(this.#options.config, this.#common.timing, 'prepare'), onMessage: () => undefined },
      signal,
    );
    await link.close();
  }

  async release(): Promise<void> {
    this.#gate.close();
    this.#isReleased = true;
    await this.#keeper.stop();
    this.#options.events.onLink({ state: 'disconnected', reason: 'another process has the operations' });
    this.#keeper.start();
  }

  async close(): Promise<void> {
    this.#gate.close();
    this.#identity.stop();
    this.status.stop();
    this.events.stop();
    await this.#keeper.stop();
    await this.rest.close();
  }

  #start(): void {
    if (!this.#gate.open()) return;
    this.#identity.start();
    if (this.#isReleased) void this.#takeBack();
    else this.#keeper.start();
  }

  async #takeBack(): Promise<void> {
    await this.#keeper.stop();
    this.#isReleased = false;
    this.#keeper.start();
  }

  /** The link stays up: the last statuses go out through it. */
  #stop(): Promise<void> {
    this.#gate.close();
    return Promise.resolve();
  }

  async #attempt(signal: AbortSignal, onUp: () => void): Promise<void> {
    const link = { isUp: false };
    try {
      await this.#run.run(signal, () => {
        link.isUp = true;
        onUp();
        void this.#recent.repeat(signal);
      });
    } catch (error) {
      if (link.isUp) this.#recent.onLost();
      if (error instanceof LinkError && error.violation !== undefined)
        this.#options.events.onViolation?.(error.violation);
      if (paceOf(error).kind === 'slow') this.#identity.renew('refused');
      throw error;
    }
  }

  /** thin-edge.io knows many devices; those that we serve stand in our own configuration. */
  #tellStranger(parsed: ParsedOperation): void {
    if (parsed.kind !== 'connect' || this.device(parsed.operation.deviceId) !== undefined) return;
    const externalId = this.#directory.externalId(parsed.operation.deviceId) ?? 'unknown';
    this.#options.log.warn({ externalId }, 'an operation is for a device that device.children does not name');
  }

  #statusTransport(): StatusTransport {
    return new MqttStatus({
      uplink: this.#uplink,
      topicOf: (deviceId) => this.#devices.statusTopic(deviceId),
      otherwise: {
        send: () =>
          Promise.resolve({
            kind: 'dropped',
            why: 'the external id of the device cannot be part of a topic',
          }),
      },
    });
  }

  /** Tokens come over the bridge, which is logged in as the device; nobody else may use its client id. */
  #newIdentity(): DeviceIdentity {
    return new DeviceIdentity({
      ...this.#common,
      clock: this.clock,
      uplink: this.#uplink,
      overLink: () => ({
        kind: 'mqtt',
        fetch: (signal) => this.#tokens.fetch(signal),
        close: () => Promise.resolve(),
      }),
      mayConnect: () => false,
      onRenewed: () => this.status.retryNow(),
    });
  }

  #newIntake(): ThinEdgeIntake {
    const { config, events, log, parseOperations } = this.#options;
    const { timing, monotonic } = this.#common;
    const lose = (cause: string) =>
      log.warn(
        { cause },
        'devices cannot be written down; a status that a restart leaves may miss its device',
      );
    return new ThinEdgeIntake({
      link: localLink(config, timing, randomBytes(4).toString('hex')),
      topics: this.#topics,
      uplink: this.#uplink,
      takesOperations: () => !this.#isReleased,
      onDocuments: (payload) => this.#directory.learn(payload, lose),
      parseOperations,
      onOperation: (parsed) => this.#gate.take(parsed),
      onToken: (payload) => this.#tokens.onMessage(payload),
      onTokenRefused: () => this.#tokens.onRefused(),
      onViolation: (violation, count) => events.onViolation?.(violation, count),
      monotonic,
      log,
    });
  }
}
