import type { Config } from '../config/config.js';
import type { CurrentCredentials } from './authorization.js';
import { BayeuxIntake } from './bayeux-intake.js';
import { CancellationWatch } from './cancellation-watch.js';
import { CloudClock } from './cloud-clock.js';
import type { Cloud } from './cloud.js';
import type { CloudOptions } from './cloud-options.js';
import { commonOf, keeperOf, tellSkew, type Common } from './common.js';
import { DeviceIdentity } from './device-identity.js';
import { provision, type CloudDevice, type ProvisionedDevices } from './devices.js';
import type { EventOutbox } from './event-outbox.js';
import { createEvents } from './events.js';
import type { Intake } from './intake.js';
import { LinkError, paceOf } from './link-error.js';
import type { LinkKeeper } from './link-keeper.js';
import { ManagedObjects } from './managed-objects.js';
import { MqttIntake } from './mqtt-intake.js';
import { mqttSettings } from './mqtt-settings.js';
import { MqttStatus, statusTopic } from './mqtt-status.js';
import { MqttUplink } from './mqtt-uplink.js';
import { OperationGate } from './operation-gate.js';
import { RestClient } from './rest-client.js';
import { RestStatus } from './rest-status.js';
import { StatusOutbox } from './status-outbox.js';
import type { StatusTransport } from './status-transport.js';
import { Sweep } from './sweep.js';
import type { OnViolation } from './violation.js';

/**
 * The device side of Cumulocity of a gateway that talks to the cloud itself: over REST with notifications, or with its MQTT
 * endpoint for operations and statuses.
 */
export class DeviceSide implements Cloud {
  readonly intake: Intake;
  readonly status: StatusOutbox;
  readonly events: EventOutbox;
  readonly rest: RestClient;
  readonly clock: CloudClock;
  readonly #identity: DeviceIdentity;
  readonly #common: Common;
  readonly #gate: OperationGate;
  readonly #objects: ManagedObjects;
  readonly #keeper: LinkKeeper;
  readonly #uplink = new MqttUplink();
  readonly #run: MqttIntake | BayeuxIntake;
  readonly #cancellations: CancellationWatch;
  readonly #stopped = new AbortController();
  readonly #onViolation: OnViolation = (violation, count) =>
    this.#common.options.events.onViolation?.(violation, count);
  #known: ProvisionedDevices | undefined;
  #provisioned = false;
  #hasReleased = false;

  constructor(options: CloudOptions) {
    const common = commonOf(options);
    const { config, log, parseJson } = options;
    const { timing, now, monotonic, newBackoff } = common;
    this.#common = common;
    this.#gate = new OperationGate(options);
    this.clock = new CloudClock({ now, monotonic, onSkew: (skewMs) => tellSkew(log, skewMs) });
    this.#identity = new DeviceIdentity({
      ...common,
      clock: this.clock,
      uplink: this.#uplink,
      mayConnect: () => !this.#hasReleased,
      onRenewed: () => {
        this.#keeper.hurry();
        this.status.retryNow();
      },
    });
    this.rest = new RestClient({
      cloud: config.cloud,
      credentials: this.#identity.credentials,
      clock: this.clock,
      parseJson,
      requestMs: timing.requestMs,
      onViolation: this.#onViolation,
    });
    this.#objects = new ManagedObjects({
      rest: this.rest,
      idType: config.device.externalIdType,
      version: options.version,
      log,
    });
    this.status = new StatusOutbox({
      transport: this.#statusTransport(),
      journal: options.journal,
      look: (operationId, signal) => new RestStatus(this.rest).look(operationId, signal),
      backoff: newBackoff(),
      timing: timing.backoff,
      monotonic,
      log,
    });
    this.events = createEvents({
      config,
      rest: this.rest,
      uplink: this.#uplink,
      externalIdOf: (deviceId) => this.device(deviceId)?.externalId,
      journal: options.eventJournal,
      backoff: newBackoff(),
      log,
      now: () => this.clock.now(),
    });
    this.#cancellations = new CancellationWatch({
      rest: this.rest,
      watched: () => options.connectingFor?.(timing.cancellationMs) ?? [],
      onCancelled: (operationId) => {
        this.status.forgo(operationId);
        options.events.onCancelled?.(operationId);
      },
      everyMs: timing.cancellationMs,
    });
    this.#run = config.intake.kind === 'mqtt' ? this.#mqttIntake() : this.#bayeuxIntake();
    this.#keeper = keeperOf(common, {
      attempt: (signal, onUp) => this.#attempt(signal, onUp),
      waiting: [this.status, this.events],
      onLink: (link) => options.events.onLink(link),
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
    return this.#known?.gatewayId;
  }

  device(deviceId: string): CloudDevice | undefined {
    return this.#known?.devices.get(deviceId);
  }

  async prepare(signal: AbortSignal): Promise<void> {
    this.#identity.start();
    await this.#provision(signal);
  }

  async release(): Promise<void> {
    this.#gate.close();
    this.#hasReleased = true;
    await this.#keeper.stop();
    this.#uplink.giveUp();
  }

  async close(): Promise<void> {
    this.#gate.close();
    this.#stopped.abort();
    this.#identity.stop();
    this.status.stop();
    this.events.stop();
    await this.#keeper.stop();
    await this.rest.close();
  }

  #start(): void {
    if (!this.#gate.open()) return;
    this.#hasReleased = false;
    this.#identity.start();
    this.#keeper.start();
    void this.#cancellations.run(this.#stopped.signal);
  }

  /** The MQTT link stays up: the last statuses go out through it. */
  async #stop(): Promise<void> {
    this.#gate.close();
    if (this.#run instanceof BayeuxIntake) await this.#keeper.stop();
  }

  async #attempt(signal: AbortSignal, onUp: () => void): Promise<void> {
    try {
      const { gatewayId } = await this.#provision(signal);
      await this.#run.run(gatewayId, signal, onUp);
    } catch (error) {
      if (error instanceof LinkError && error.deviceUnknown) this.#provisioned = false;
      if (error instanceof LinkError && error.violation !== undefined) this.#onViolation(error.violation);
      if (paceOf(error).kind === 'slow') this.#identity.renew('refused');
      throw error;
    }
  }

  async #provision(signal: AbortSignal): Promise<ProvisionedDevices> {
    const { log, config } = this.#common.options;
    if (this.#provisioned && this.#known !== undefined) return this.#known;
    this.#known = await provision({ objects: this.#objects, device: config.device, log, signal });
    this.#provisioned = true;
    return this.#known;
  }

  #statusTransport(): StatusTransport {
    const rest = new RestStatus(this.rest);
    if (this.#common.options.config.intake.kind === 'rest') return rest;
    const topicOf = (deviceId: string) => {
      const device = this.device(deviceId);
      return device === undefined ? undefined : statusTopic(device);
    };
    return new MqttStatus({ uplink: this.#uplink, topicOf, otherwise: rest });
  }

  #bayeuxIntake(): BayeuxIntake {
    const { options, timing } = this.#common;
    const { log, parseOperation } = options;
    return new BayeuxIntake({
      rest: this.rest,
      sweep: this.#sweep(),
      timing,
      parseOperation,
      onOperation: (parsed) => this.#gate.take(parsed),
      onViolation: this.#onViolation,
      log,
    });
  }

  #mqttIntake(): MqttIntake {
    const { options, timing, monotonic } = this.#common;
    const { config, log, parseOperations } = options;
    const { credentials } = this;
    if (config.cloud.credentials.kind === 'token')
      throw new Error('intake.kind mqtt needs cloud.user and cloud.password or cloud.certFile, not a token');
    const place = { url: config.intake.mqttUrl, proxy: config.cloud.mqttProxy };
    return new MqttIntake({
      link: mqttSettings(config, timing, place, {
        login: () => credentials.mqttLogin(),
        certificate: () => credentials.certificate,
      }),
      tokens: this.#identity.replies,
      uplink: this.#uplink,
      sweep: this.#sweep(),
      device: config.device,
      parseOperations,
      onOperation: (parsed) => this.#gate.take(parsed),
      onViolation: this.#onViolation,
      monotonic,
      log,
    });
  }

  #sweep(): Sweep {
    const { options, timing, monotonic, newBackoff } = this.#common;
    const startedAtMs = monotonic();
    return new Sweep({
      rest: this.rest,
      clock: this.clock,
      status: this.status,
      parseOperation: options.parseOperation,
      onOperation: (parsed) => this.#gate.take(parsed),
      isOurs: options.isOurs,
      uptimeMs: () => monotonic() - startedAtMs,
      backoff: newBackoff(),
      sweepMs: timing.sweepMs,
      log: options.log,
    });
  }
}
