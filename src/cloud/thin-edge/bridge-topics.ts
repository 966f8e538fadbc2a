import type { Config } from '../../config/config.js';

/** Topics of the local broker of thin-edge.io: the cloud's own behind a prefix, and what the bridge tells of itself. */
export class BridgeTopics {
  /** JSON operations with their ids, for the gateway and its children. 530 on `s/ds` has no id and is never used. */
  readonly operations: string;
  /** Refusals of what anybody on this gateway has published. */
  readonly errors: string;
  /** SmartREST of the gateway itself. */
  readonly up: string;
  readonly tokenRequest: string;
  readonly token: string;
  /** Retained: whether the bridge is up, for a bridge of mosquitto and for the one inside the mapper. */
  readonly health: readonly [mosquitto: string, builtIn: string];
  readonly #prefix: string;

  constructor({ topicPrefix, topicRoot }: Pick<Config['thinEdge'], 'topicPrefix' | 'topicRoot'>) {
    this.#prefix = topicPrefix;
    this.operations = `${topicPrefix}/devicecontrol/notifications`;
    this.errors = `${topicPrefix}/s/e`;
    this.up = `${topicPrefix}/s/us`;
    this.tokenRequest = `${topicPrefix}/s/uat`;
    this.token = `${topicPrefix}/s/dat`;
    const services = `${topicRoot}/device/main/service`;
    this.health = [
      `${services}/mosquitto-${topicPrefix}-bridge/status/health`,
      `${services}/tedge-mapper-bridge-${topicPrefix}/status/health`,
    ];
  }

  /** The local topic of a cloud topic such as `s/us/plc-3`. */
  local(cloudTopic: string): string {
    return `${this.#prefix}/${cloudTopic}`;
  }
}
