import { GatehouseError, type FailureCode } from '../../contract/failure.js';
import type { SessionLimits, Tunnel } from '../../contract/messages.js';
import type { Secret } from '../../contract/secret.js';
import type { RemoteAccessOperation } from '../cloud/intake.js';
import type { ChildConfig, Conduit, Config } from '../config/config.js';
import type { ConduitTable } from '../policy/conduit-table.js';
import { decide } from '../policy/decide.js';
import { NO_SESSIONS, type SessionCounts } from '../policy/question.js';
import type { GatewayAddresses } from '../policy/reach.js';
import type { SessionRecord } from './session-registry.js';
import type { TermRules } from './term.js';

/** The part of the configuration, and what is derived from it, that a reload replaces. */
export interface Policy {
  readonly conduits: ConduitTable;
  readonly gateway: GatewayAddresses;
  readonly limits: Config['limits'];
  readonly webSocketPingMs: number;
  readonly operationAgeMs: number;
}

/** Whom an operation is for. */
export type Device = { readonly kind: 'gateway' } | { readonly kind: 'child'; readonly child: ChildConfig };

export interface AdmissionParts {
  readonly policy: Policy;
  /** The device with this managed-object id, if it is one of ours. */
  readonly deviceOf: (deviceId: string) => Device | undefined;
  /** @throws GatehouseError target-unresolved. */
  readonly resolve: (hostname: string) => Promise<{ readonly addresses: readonly string[] }>;
  /** Where the session's WebSocket goes. @throws GatehouseError cloud-unreachable, cloud-proxy, invalid-operation. */
  readonly tunnel: (connectionKey: Secret) => Promise<Tunnel>;
  /** Another Authorization header for a tunnel whose own was answered 401. Default: there is none. */
  readonly renewed?: (tunnel: Tunnel) => Promise<string | undefined>;
  /** What the agent is short of, with the numbers; undefined when it can take on a session. Default: never short. */
  readonly shortage?: () => string | undefined;
  /** Why the plant's hard switch lets nothing pass; undefined when it does, or there is none. Default: there is none. */
  readonly switchedOff?: () => string | undefined;
  /** The cloud's clock as far as it is known, in ms since 1970. */
  readonly cloudNow: () => number;
}

/** An operation whose names are resolved: what is left is the decision, which must not wait for anything. */
export interface Prepared {
  readonly operation: RemoteAccessOperation;
  readonly addresses: readonly string[];
  readonly tunnel: Tunnel;
}

/** A permitted path and what holds on it. */
export interface Admitted {
  readonly conduit: Conduit;
  readonly addresses: readonly string[];
  readonly limits: SessionLimits;
  readonly term: TermRules;
}

/** What the configuration says of a session that runs: on with these rules, or why it has to end. */
export type Standing =
  | ({ readonly kind: 'allowed'; readonly conduit: Conduit } & Pick<Admitted, 'term' | 'limits'>)
  | { readonly kind: 'denied'; readonly code: FailureCode; readonly sentence: string };

/** Whether an operation may become a session. */
export class Admission {
  readonly #parts: AdmissionParts;
  #policy: Policy;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
    this.#policy = parts.policy;
  }

  /** Takes over a reloaded policy. */
  replace(policy: Policy): void {
    this.#policy = policy;
  }

  /**
   * Age, device and names. @throws GatehouseError operation-stale, invalid-operation, switched-off, overloaded,
   * target-unresolved, cloud-unreachable, cloud-proxy.
   */
  async prepare(operation: RemoteAccessOperation): Promise<Prepared> {
    this.#checkAge(operation);
    return this.resolve(operation);
  }

  /** The same without the age: for an operation that has waited here. */
  async resolve(operation: RemoteAccessOperation): Promise<Prepared> {
    if (this.#parts.deviceOf(operation.deviceId) === undefined) throw unknownDevice(operation.deviceId);
    this.#checkSwitch();
    // Names are not asked for either: that takes a socket.
    this.#checkShortage();
    const { addresses } = await this.#parts.resolve(operation.hostname);
    const tunnel = await this.#parts.tunnel(operation.connectionKey);
    return { operation, addresses, tunnel };
  }

  /**
   * Policy and limits. @throws GatehouseError policy-denied, outside-window, target-in-use, limit-reached, switched-off,
   * overloaded.
   */
  admit({ operation, addresses }: Prepared, counts: SessionCounts): Admitted {
    const { hostname, port, deviceId } = operation;
    const decision = decide({ ...this.#question(hostname, port, deviceId), addresses, counts });
    if (decision.kind === 'deny') throw new GatehouseError(decision.code, decision.sentence);
    this.#checkSwitch();
    // Once more: many operations may have been prepared side by side.
    this.#checkShortage();
    return { ...decision, ...this.#rules(decision.conduit) };
  }

  /** Whether the conduit of that name is exclusive; undefined when there is none. */
  isExclusive(conduit: string): boolean | undefined {
    return this.#policy.conduits.named(conduit)?.exclusive;
  }

  /** What holds for a running session. Limits on numbers do not end what runs. */
  standing({ host, port, deviceId, addresses }: SessionRecord): Standing {
    const decision = decide({ ...this.#question(host, port, deviceId), addresses, counts: NO_SESSIONS });
    if (decision.kind === 'deny') return { ...decision, kind: 'denied' };
    const { conduit } = decision;
    return { kind: 'allowed', conduit, ...this.#rules(conduit) };
  }

  #question(hostname: string, port: number, deviceId: string) {
    const device = this.#parts.deviceOf(deviceId);
    const child = device?.kind === 'child' ? device.child : undefined;
    return { hostname, port, child, ...this.#policy, nowMs: this.#parts.cloudNow() };
  }

  #checkSwitch(): void {
    const why = this.#parts.switchedOff?.();
    if (why !== undefined) throw new GatehouseError('switched-off', why);
  }

  #checkShortage(): void {
    const short = this.#parts.shortage?.();
    if (short === undefined) return;
    throw new GatehouseError('overloaded', `The gateway is short of ${short}. Connect again later.`);
  }

  #checkAge({ createdAtMs }: RemoteAccessOperation): void {
    if (createdAtMs === undefined) return;
    const ageMs = this.#parts.cloudNow() - createdAtMs;
    const limitMs = this.#policy.operationAgeMs;
    if (ageMs <= limitMs) return;
    const age = `${Math.round(ageMs / 1000)} s old when it could be handled`;
    const limit = `the limit is ${limitMs / 1000} s (intake.operationAge)`;
    throw new GatehouseError('operation-stale', `The request was ${age}; ${limit}. Connect again.`);
  }

  #rules(conduit: Conduit): Pick<Admitted, 'limits' | 'term'> {
    const limits = this.#sessionLimits(conduit);
    const window = this.#policy.conduits.windowOf(conduit);
    return { limits, term: { window, durationMs: limits.sessionDurationMs } };
  }

  #sessionLimits(conduit: Conduit): SessionLimits {
    const { limits, webSocketPingMs } = this.#policy;
    return {
      connectTimeoutMs: limits.connectTimeoutMs,
      idleTimeoutMs: conduit.idleTimeoutMs ?? limits.idleTimeoutMs,
      sessionDurationMs: conduit.sessionDurationMs ?? limits.sessionDurationMs,
      bootstrapBufferBytes: limits.bootstrapBufferBytes,
      bufferBytes: limits.bufferBytes,
      maxMessageBytes: limits.maxMessageBytes,
      bandwidthBytesPerSecond: conduit.bandwidthBytesPerSecond ?? limits.sessionBandwidthBytesPerSecond,
      webSocketPingMs,
    };
  }
}

function unknownDevice(deviceId: string): GatehouseError {
  const sentence = `Device ${deviceId} is not served by this gateway; add it under device.children.`;
  return new GatehouseError('invalid-operation', sentence);
}
