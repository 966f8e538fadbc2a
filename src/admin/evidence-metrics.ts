import { Counter, Gauge, type Registry } from 'prom-client';

/** What audit log and events have to say of themselves. */
export interface EvidenceView {
  /** Age of the oldest record that is not on the disk yet, in s; 0 = all are. */
  readonly auditLagSeconds: number;
  /** Records that are not on the disk yet. */
  readonly auditPending: number;
  /** Bytes of the file that is written. */
  readonly auditBytes: number;
  /** Writes of the audit log that failed. */
  readonly auditFailures: number;
  /** Events that the cloud does not have yet. */
  readonly eventsWaiting: number;
  /** Events that were lost for want of room. */
  readonly eventsLost: number;
}

type Key = keyof EvidenceView;

const GAUGES: readonly (readonly [name: string, help: string, key: Key, aggregator: 'sum' | 'max'])[] = [
  ['gatehouse_audit_lag_seconds', 'Age of the oldest audit record not on disk.', 'auditLagSeconds', 'max'],
  ['gatehouse_audit_pending_records', 'Audit records not on disk yet.', 'auditPending', 'sum'],
  // All generations write one file.
  ['gatehouse_audit_file_bytes', 'Size of the audit file being written.', 'auditBytes', 'max'],
  ['gatehouse_event_outbox_size', 'Events that the cloud does not have yet.', 'eventsWaiting', 'sum'],
];

const COUNTERS: readonly (readonly [name: string, help: string, key: Key])[] = [
  ['gatehouse_audit_failures_total', 'Writes of the audit log that failed.', 'auditFailures'],
  ['gatehouse_events_lost_total', 'Events lost because too many waited.', 'eventsLost'],
];

/** Nothing is kept, and nothing waits. */
export const NO_EVIDENCE: EvidenceView = {
  auditLagSeconds: 0,
  auditPending: 0,
  auditBytes: 0,
  auditFailures: 0,
  eventsWaiting: 0,
  eventsLost: 0,
};

/** Adds the metrics of audit log and events to `registry`; `read` is asked at each scrape. */
export function addEvidenceMetrics(registry: Registry, read: () => EvidenceView): void {
  for (const [name, help, key, aggregator] of GAUGES) {
    new Gauge({
      name,
      help,
      aggregator,
      registers: [registry],
      collect() {
        this.set(read()[key]);
      },
    });
  }
  for (const [name, help, key] of COUNTERS) {
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(read()[key]);
      },
    });
  }
}
