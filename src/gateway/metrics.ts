import type { Secret } from '../../contract/secret.js';
import type { Metrics } from '../admin/metrics.js';
import type { CloudOptions } from '../cloud/cloud-options.js';
import type { Config } from '../config/config.js';
import type { GatewayView } from './view.js';
import type { Redactor } from '../log/redaction.js';
import type { SupervisorMetrics } from '../supervisor/supervisor-parts.js';

/** Counts what the supervisor tells twice: for the metrics, and for the totals of the status. */
export function supervisorMetrics(
  metrics: Metrics,
  view: GatewayView,
  intake: Config['intake']['kind'],
): SupervisorMetrics {
  metrics.expectOperations(intake);
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

/** Counts the fetches of tokens, and keeps each token out of the log for as long as somebody may still use it. */
export function tokenEvents(redactor: Redactor, metrics: Metrics): NonNullable<CloudOptions['tokens']> {
  let older: Secret | undefined;
  return {
    onToken: (token, before) => {
      redactor.add(token.reveal(), 'token');
      // Sessions and requests under way may fail with the one before, and be logged.
      if (older !== undefined) redactor.remove(older.reveal());
      older = before;
    },
    onFetch: (way, outcome) => metrics.tokenFetched(way, outcome),
  };
}
