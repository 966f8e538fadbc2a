import { failureReason } from '../../contract/failure.js';
import type { StatusUpdate } from './intake.js';

/** The final status of an operation that an earlier run had begun and did not bring to an end. */
export function agentRestarted(operationId: string, deviceId: string): StatusUpdate {
  const sentence = 'the gateway restarted while this request was being handled; request it again';
  return {
    operationId,
    deviceId,
    status: 'FAILED',
    failureReason: failureReason('agent-restarted', sentence),
  };
}
