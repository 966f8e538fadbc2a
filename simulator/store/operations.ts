import type { Ids } from './ids.js';
import type { Fragments, Inventory } from './inventory.js';
import { invalid, notFound } from './platform-error.js';

/** The four values of an operation's status; there are no others. */
export const OPERATION_STATUSES = ['PENDING', 'EXECUTING', 'SUCCESSFUL', 'FAILED'] as const;

export type OperationStatus = (typeof OPERATION_STATUSES)[number];

/** Something a device is asked to do. Never changed in place: an update makes a new object. */
export interface Operation {
  readonly id: string;
  readonly deviceId: string;
  /** Nearest agent at the time of creation: the device itself or an ancestor. */
  readonly agentId: string;
  readonly status: OperationStatus;
  readonly creationTime: string;
  readonly description?: string;
  /** Only with FAILED. */
  readonly failureReason?: string;
  readonly [fragment: string]: unknown;
}

/** Which operations to list; what is left out does not filter. */
export interface OperationFilter {
  /** Operations of this agent and of every device behind it. */
  readonly agentId?: string;
  /** Operations of this device only. */
  readonly deviceId?: string;
  readonly status?: OperationStatus;
  readonly fragmentType?: string;
  /** Created at or after, ms since 1970. */
  readonly fromMs?: number;
  /** Created at or before, ms since 1970. */
  readonly toMs?: number;
}

/** Operations kept by default; the oldest goes first. A day of sessions at more than one a second. */
export const MAX_OPERATIONS = 100_000;

const READ_ONLY = new Set([
  'id',
  'self',
  'deviceId',
  'agentId',
  'creationTime',
  'deviceName',
  'deviceExternalIDs',
]);

/** Operations in ascending order of their ids. */
export class Operations {
  readonly #all = new Map<string, Operation>();
  /** PENDING and EXECUTING ones, so that looking for work does not walk over everything ever done. */
  readonly #open = new Map<string, Operation>();

  constructor(
    private readonly ids: Ids,
    private readonly inventory: Inventory,
    private readonly now: () => number,
    private readonly limit: number,
    private readonly onCreated: (operation: Operation) => void,
    private readonly onUpdated: (operation: Operation, before: Operation) => void,
  ) {}

  /**
   * Creates a PENDING operation.
   * @throws PlatformError 404 when the device is unknown; 422 when neither it nor an ancestor is an agent.
   */
  create(deviceId: string, fragments: Fragments): Operation {
    this.inventory.get(deviceId);
    const agentId = this.inventory.agentOf(deviceId);
    if (agentId === undefined) {
      throw invalid(
        'devicecontrol',
        `Device '${deviceId}' is neither an agent nor in the child tree of one.`,
      );
    }
    const operation: Operation = {
      ...writable(fragments),
      id: this.ids.next(),
      deviceId,
      agentId,
      status: 'PENDING',
      creationTime: new Date(this.now()).toISOString(),
    };
    this.#keep(operation);
    this.onCreated(operation);
    return operation;
  }

  find(id: string): Operation | undefined {
    return this.#all.get(id);
  }

  /** @throws PlatformError 404. */
  get(id: string): Operation {
    const operation = this.#all.get(id);
    if (operation === undefined) {
      throw notFound(
        'devicecontrol',
        `Finding device data from database failed : No operation for gid '${id}'!`,
      );
    }
    return operation;
  }

  /**
   * Changes status, failureReason or fragments. Any of the four statuses may follow any other: no source says that the
   * platform refuses one.
   * @throws PlatformError 404; 422 when the status is none of the four, or failureReason comes without FAILED.
   */
  update(id: string, fragments: Fragments): Operation {
    const before = this.get(id);
    const operation = {
      ...before,
      ...writable(fragments),
      status: fragments.status === undefined ? before.status : statusOf(fragments.status),
    };
    if (fragments.failureReason !== undefined && operation.status !== 'FAILED') {
      throw invalid('devicecontrol', 'failureReason is allowed with status FAILED only.');
    }
    this.#keep(operation);
    this.onUpdated(operation, before);
    return operation;
  }

  /** Matching operations, ascending by id (the oldest first). */
  list(filter: OperationFilter = {}): Operation[] {
    const isOpen = filter.status === 'PENDING' || filter.status === 'EXECUTING';
    const found = [...(isOpen ? this.#open : this.#all).values()].filter((each) => matches(each, filter));
    return isOpen ? found.sort((left, right) => Number(left.id) - Number(right.id)) : found;
  }

  /** The oldest operation of one device with this fragment and status: what SmartREST 501 to 503 act on. */
  oldest(deviceId: string, fragmentType: string, status: OperationStatus): Operation | undefined {
    return this.list({ deviceId, fragmentType, status })[0];
  }

  get size(): number {
    return this.#all.size;
  }

  #keep(operation: Operation): void {
    this.#all.set(operation.id, operation);
    if (operation.status === 'PENDING' || operation.status === 'EXECUTING') {
      this.#open.set(operation.id, operation);
    } else {
      this.#open.delete(operation.id);
    }
    if (this.#all.size <= this.limit) return;
    const [oldest = ''] = this.#all.keys();
    this.#all.delete(oldest);
    this.#open.delete(oldest);
  }
}

/** @throws PlatformError 422 when the value is none of the four. */
export function statusOf(value: unknown): OperationStatus {
  const status = OPERATION_STATUSES.find((each) => each === value);
  if (status === undefined) {
    throw invalid('devicecontrol', `Operation status must be one of ${OPERATION_STATUSES.join(', ')}.`);
  }
  return status;
}

function writable(fragments: Fragments): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fragments).filter(([key, value]) => !READ_ONLY.has(key) && value !== null),
  );
}

function matches(operation: Operation, filter: OperationFilter): boolean {
  const createdAtMs = Date.parse(operation.creationTime);
  return (
    (filter.agentId === undefined || operation.agentId === filter.agentId) &&
    (filter.deviceId === undefined || operation.deviceId === filter.deviceId) &&
    (filter.status === undefined || operation.status === filter.status) &&
    (filter.fragmentType === undefined || Object.hasOwn(operation, filter.fragmentType)) &&
    (filter.fromMs === undefined || createdAtMs >= filter.fromMs) &&
    (filter.toMs === undefined || createdAtMs <= filter.toMs)
  );
}
