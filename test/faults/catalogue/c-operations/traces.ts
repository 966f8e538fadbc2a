import { eventually } from '../../../helpers/eventually.js';
import type { Operation } from '../../../../simulator/store/operations.js';
import type { Stand } from '../../rig/stand.js';

/** Path that the statuses of an operation go to. */
const pathOf = (id: string): string => `/devicecontrol/operations/${id}`;

/** How often the tunnel of an operation was asked for. */
export function dials(stand: Stand, id: string): number {
  const fragment = stand.cloud.platform.operations.get(id).c8y_RemoteAccessConnect;
  const { connectionKey = '' } = fragment as { readonly connectionKey?: string };
  return stand.cloud.requests.list('GET', `/service/remoteaccess/device/${connectionKey}`).length;
}

/** How many statuses were sent of an operation, whatever the cloud answered. */
export function puts(stand: Stand, id: string): number {
  return stand.cloud.requests.list('PUT', pathOf(id)).length;
}

/** The statuses that the cloud took of each operation, however often that was delivered. */
export class StatusLog {
  readonly #statuses = new Map<string, string[]>();

  /** From now on. */
  constructor(stand: Stand) {
    stand.cloud.platform.on('operationUpdated', ({ id, status }) => {
      if (status !== 'PENDING') this.#statuses.set(id, [...this.of(id), status]);
    });
  }

  of(id: string): readonly string[] {
    return this.#statuses.get(id) ?? [];
  }
}

/** Delivers the notification of an operation again, as it was at its creation. */
export function repeat(stand: Stand, id: string, times: number): void {
  const operation: Operation = { ...stand.cloud.platform.operations.get(id), status: 'PENDING' };
  for (let time = 0; time < times; time += 1) stand.cloud.platform.emit('operationCreated', operation);
}

/** Waits until every operation has its final status, and fails unless each got exactly one. */
export async function assertOneFinalEach(stand: Stand, limitMs?: number): Promise<void> {
  const all = (): boolean => stand.ledger.finished === stand.operations().length;
  await eventually(() => all() || undefined, 'a final status of each operation', limitMs);
  stand.ledger.assertOneFinalStatusEach();
}
