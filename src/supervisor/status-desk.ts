import { failureReason, type FailureCode, type GatehouseError } from '../../contract/failure.js';
import type { OperationStatus, StatusReporter } from '../cloud/intake.js';
import type { OperationMemory } from './operation-memory.js';

/** Of which operation something is said. */
export interface OperationName {
  readonly operationId: string;
  readonly deviceId: string;
}

export interface StatusDeskParts {
  readonly log: { warn(fields: object, message: string): void };
  readonly status: Pick<StatusReporter, 'report'>;
  readonly memory: Pick<OperationMemory, 'settle'>;
  readonly metrics: { operation(status: OperationStatus): void; sessionFailed(code: FailureCode): void };
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
  refuse({ operationId, deviceId }: OperationName, error: GatehouseError): void {
    this.parts.metrics.sessionFailed(error.code);
    const fields = { operationId, deviceId, code: error.code, sentence: error.message };
    this.parts.log.warn(fields, 'operation refused');
    this.report({ operationId, deviceId }, 'FAILED', failureReason(error.code, error.message));
  }
}
