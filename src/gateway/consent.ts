import { performance } from 'node:perf_hooks';
import { ApprovalDirectory } from '../approval/approval-directory.js';
import { ApprovalTable } from '../approval/approval-table.js';
import { ApprovalTopic } from '../approval/approval-topic.js';
import type { ApprovalSite } from '../approval/site.js';
import { Backoff } from '../cloud/backoff.js';
import type { Config } from '../config/config.js';
import type { GatewayOptions } from './options.js';
import { PlantBroker } from '../plant/plant-broker.js';
import type { SwitchState } from '../switch/hard-switch.js';
import { SwitchSources } from '../switch/switch-sources.js';
import { within } from '../within.js';

/** Longest wait for the first word of the switch, in ms; until then it is off, and what arrives is refused. */
const SETTLE_MS = 3_000;

/** Longest wait for the goodbye to the plant's broker, in ms. */
const STOP_MS = 1_500;

/** Waits between attempts to reach the plant's broker, in ms: it is near, and the switch is off without it. */
const BROKER_PACE = { baseMs: 250, capMs: 5_000, slowCapMs: 5_000, resetMs: 10_000 };

export interface GatewayConsentParts extends Pick<
  GatewayOptions,
  'config' | 'log' | 'generation' | 'others'
> {
  /** The switch is off now; `detail` says why. Called again for each other reason. */
  readonly onOff: (detail: string) => void;
}

/** What is read of one configuration. */
interface Sources {
  readonly switches: SwitchSources;
  readonly broker: PlantBroker | undefined;
  /** Asks on the broker. */
  readonly topic: ApprovalTopic | undefined;
}

/** What people on site have a say in: approvals and the hard switch. */
export class GatewayConsent {
  readonly approvals: ApprovalTable;
  readonly #parts: GatewayConsentParts;
  readonly #site: ApprovalSite;
  readonly #directory: ApprovalDirectory | undefined;
  #sources: Sources;
  #untell: () => void = () => undefined;
  #isStopped = false;
  #changes: Promise<void> = Promise.resolve();

  constructor(parts: GatewayConsentParts) {
    this.#parts = parts;
    const { approval } = parts.config;
    this.approvals = new ApprovalTable(approval);
    this.#site = siteOf(parts, this.approvals);
    this.#sources = this.#sourcesOf(parts.config);
    const { directory } = approval;
    if (directory === undefined) return;
    this.#directory = new ApprovalDirectory({ directory, site: this.#site, log: parts.log });
    this.approvals.tell(this.#directory);
  }

  get switchState(): SwitchState {
    return this.#sources.switches.hardSwitch.state;
  }

  /** Why no session may be, with how to turn the switch on; undefined when it is on, or there is none. */
  switchedOff(): string | undefined {
    const { switchState: state } = this;
    return state.state === 'off' ? `${state.reason} ${state.howTo}` : undefined;
  }

  /** Resolves when the switch is known, or after a moment in which it stays off. */
  async start(): Promise<void> {
    this.#directory?.start();
    this.#tellTopic();
    await begin(this.#sources);
  }

  /** Takes over another switch; the old one holds until the new one is known. */
  reload(config: Config): void {
    this.#changes = this.#changes.then(() => this.#replace(config));
  }

  /** Another generation has ended: nobody waits for what it had asked. */
  elderEnded(): void {
    this.#directory?.clean();
    this.#sources.topic?.clean();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all([end(this.#sources), this.#directory?.stop()]);
  }

  #tellTopic(): void {
    const { topic } = this.#sources;
    this.#untell();
    this.#untell = topic === undefined ? () => undefined : this.approvals.tell(topic);
  }

  async #replace(config: Config): Promise<void> {
    if (this.#hasStopped()) return;
    const fresh = this.#sourcesOf(config);
    await begin(fresh);
    const old = this.#sources;
    this.#sources = fresh;
    this.#tellTopic();
    this.#tell(this.switchState);
    await end(this.#hasStopped() ? fresh : old);
  }

  /** Asked again behind every wait. */
  #hasStopped(): boolean {
    return this.#isStopped;
  }

  #sourcesOf({ switch: { file, mqttTopic }, plant, approval: { mqttTopic: topic } }: Config): Sources {
    const { log } = this.#parts;
    const now = (): number => performance.now();
    const backoff = new Backoff(BROKER_PACE, now);
    const broker = plant === undefined ? undefined : new PlantBroker({ plant, backoff, log });
    const switches: SwitchSources = new SwitchSources({
      file,
      mqttTopic,
      broker,
      now,
      onChange: (state) => {
        if (this.#sources.switches === switches) this.#tell(state);
      },
    });
    const hasTopic = broker !== undefined && topic !== undefined;
    return {
      switches,
      broker,
      topic: hasTopic ? new ApprovalTopic({ topic, broker, site: this.#site }) : undefined,
    };
  }

  #tell(state: SwitchState): void {
    const { log, onOff } = this.#parts;
    if (state.state === 'on') log.info({}, 'the hard switch is on');
    if (state.state !== 'off') return;
    const { reason, howTo } = state;
    log.warn({ reason, howTo }, 'the hard switch is off: sessions end and new ones are refused');
    onOff(reason.replace(/\.$/, ''));
  }
}

function siteOf({ config, generation = 1, others }: GatewayConsentParts, table: ApprovalTable): ApprovalSite {
  return {
    gateway: config.device.externalId,
    generation,
    isElder: (one) => others?.elders.alive.includes(one) === true,
    list: () => table.list(),
    has: (id) => table.has(id),
    answer: (id, answer) => table.answer(id, answer),
  };
}

async function begin({ switches, broker }: Sources): Promise<void> {
  switches.start();
  broker?.start();
  await within(SETTLE_MS, switches.hardSwitch.settled());
}

async function end({ switches, broker }: Sources): Promise<void> {
  switches.stop();
  await within(STOP_MS, broker?.stop() ?? Promise.resolve());
}
