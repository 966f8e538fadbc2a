import type { Metrics } from './admin/metrics.js';
import type { Config } from './config/config.js';
import type { GatewayView } from './gateway-view.js';
import type { SupervisorMetrics } from './supervisor/supervisor.js';

/** Counts what the supervisor tells twice: for the metrics, and for the totals of the status. */
export function supervisorMetrics(
  metrics: Metrics,
  view: GatewayView,
  intake: Config['intake']['kind'],
): SupervisorMetrics {
  return {
    received: () => view.operation(),
    operation: (status) => metrics.operation(intake, status),
    sessionOpened: (setupMs) => {
      view.sessionsOpened += 1;
      metrics.sessionOpened(setupMs);
    },
    sessionEnded: metrics.sessionEnded.bind(metrics),
    sessionFailed: (code) => {
      view.sessionsFailed += 1;
      metrics.sessionFailed(code);
    },
    bytes: (direction, count, worker) => {
      view.bytes(direction, count, worker);
      metrics.bytes(direction, count);
    },
  };
}
