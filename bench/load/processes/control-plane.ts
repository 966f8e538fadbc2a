import { startCloud, type Cloud } from '../../../simulator/cloud.js';
import type { Operation } from '../../../simulator/store/operations.js';
import { Latencies, type Distribution, type Percentiles } from '../measure/latencies.js';

/** What the gateway needs to log in. */
export interface ControlPlaneFacts {
  readonly url: string;
  readonly tenant: string;
  readonly user: string;
  readonly password: string;
  readonly externalId: string;
  /** PEM; undefined without TLS. */
  readonly ca: string | undefined;
}

/** Operations since the start. */
export interface OperationCounts {
  readonly created: number;
  readonly executing: number;
  readonly successful: number;
  readonly failed: number;
}

export interface ControlPlaneSample {
  readonly counts: OperationCounts;
  /** From creating an operation until it was SUCCESSFUL. */
  readonly successful: Percentiles | undefined;
}

export interface ControlPlaneSummary {
  readonly counts: OperationCounts;
  readonly executing: Distribution;
  readonly successful: Distribution;
}

/** An operation that did not become SUCCESSFUL. */
export interface Refusal {
  readonly key: string;
  /** `<code>: <sentence>` of the gateway. */
  readonly reason: string;
}

interface Asked {
  readonly key: string;
  readonly atMs: number;
}

const EXTERNAL_ID = 'load-gateway';

/** The embedded cloud with one gateway: creates operations, and measures until their statuses come. */
export class ControlPlane {
  readonly #cloud: Cloud;
  readonly #targetPorts: readonly number[];
  readonly #onRefused: (refusal: Refusal) => void;
  readonly #asked = new Map<string, Asked>();
  readonly #executing = new Latencies();
  readonly #successful = new Latencies();
  readonly #counts = { created: 0, executing: 0, successful: 0, failed: 0 };
  #deviceId = '';

  private constructor(cloud: Cloud, targetPorts: readonly number[], onRefused: (refusal: Refusal) => void) {
    this.#cloud = cloud;
    this.#targetPorts = targetPorts;
    this.#onRefused = onRefused;
    cloud.platform.on('operationUpdated', (operation) => this.#onStatus(operation));
  }

  static async start(
    { isTls, targetPorts }: { readonly isTls: boolean; readonly targetPorts: readonly number[] },
    onRefused: (refusal: Refusal) => void,
  ): Promise<{ readonly controlPlane: ControlPlane; readonly facts: ControlPlaneFacts }> {
    const cloud = await startCloud(isTls ? { httpsPort: 0 } : {});
    const controlPlane = new ControlPlane(cloud, targetPorts, onRefused);
    const { id, tenant, user, password, externalId } = cloud.registerDevice(EXTERNAL_ID);
    controlPlane.#deviceId = id;
    const url = cloud.httpsUrl ?? cloud.url;
    return { controlPlane, facts: { url, tenant, user, password, externalId, ca: cloud.ca } };
  }

  /** Asks the gateway for a session; the targets take turns. */
  create(key: string): void {
    const port = this.#targetPorts[this.#counts.created % this.#targetPorts.length];
    this.#counts.created += 1;
    const atMs = performance.now();
    const fragment = { hostname: '127.0.0.1', port, connectionKey: key };
    const { id } = this.#cloud.createOperation(this.#deviceId, { c8y_RemoteAccessConnect: fragment });
    this.#asked.set(id, { key, atMs });
  }

  sample(): ControlPlaneSample {
    return { counts: { ...this.#counts }, successful: this.#successful.takeRecent() };
  }

  summary(): ControlPlaneSummary {
    return {
      counts: { ...this.#counts },
      executing: this.#executing.distribution(),
      successful: this.#successful.distribution(),
    };
  }

  #onStatus({ id, status, failureReason }: Operation): void {
    const asked = this.#asked.get(id);
    if (asked === undefined) return;
    const ms = performance.now() - asked.atMs;
    if (status === 'EXECUTING') {
      this.#counts.executing += 1;
      this.#executing.add(ms);
      return;
    }
    if (status === 'PENDING') return;
    this.#asked.delete(id);
    if (status === 'SUCCESSFUL') {
      this.#counts.successful += 1;
      this.#successful.add(ms);
      return;
    }
    this.#counts.failed += 1;
    this.#onRefused({ key: asked.key, reason: failureReason ?? 'no reason given' });
  }
}
