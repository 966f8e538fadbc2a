import { failureReason, type FailureCode, type GatehouseError } from '../../contract/failure.js';
import type { OperationStatus, StatusReporter } from '../cloud/intake.js';
import type { OperationMemory } from './operation-memory.js';

/** Of which operation something is said. */
export interface OperationName {
  readonly operationId: string;
  readonly deviceId: string;
  /** Where it wants to go, as far as that is known. */
  readonly host?: string;
  readonly port?: number;
}

/** Who keeps a list of operations for people to look at. */
export interface OperationNotes {
  /** Nothing is dialled for it, and it has no session. */
  refused(operation: OperationName, code: FailureCode, sentence: string): void;
}

export interface StatusDeskParts {
  readonly log: { warn(fields: object, message: string): void };
  readonly status: Pick<StatusReporter, 'report'>;
  readonly memory: Pick<OperationMemory, 'settle'>;
  readonly metrics: { operation(status: OperationStatus): void; sessionFailed(code: FailureCode): void };
  readonly notes?: OperationNotes | undefined;
}

/** Where every status goes out: remembered, counted, reported. */
export class StatusDesk {
  constructor(private readonly parts: StatusDeskParts) {}

  /** `reason` goes with FAILED. */
  report({ operationId, deviceId }: OperationName, status: OperationStatus, reason?: string): void {
    const { memory, metrics, status: reporter } = this.parts;
    const why = reason === undefined ? {} : { failureReason: reason };
    const update = { operationId, deviceId, status, ...why };
    if (status !== 'EXECUTING') memory.settle(update);
    metrics.operation(status);
    reporter.report(update);
  }

  /** FAILED without a session. */
  refuse(name: OperationName, error: GatehouseError): void {
    const { operationId, deviceId } = name;
    this.parts.metrics.sessionFailed(error.code);
    this.parts.notes?.refused(name, error.code, error.message);
    const fields = { operationId, deviceId, code: error.code, sentence: error.message };
    this.parts.log.warn(fields, 'operation refused');
    this.report({ operationId, deviceId }, 'FAILED', failureReason(error.code, error.message));
  }
}
