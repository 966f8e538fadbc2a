/**
 * What `gatehouse check` can find, by the name that `--json` shows. docs/operator/when-it-says-no.md has a row for each,
 * and a test compares the two.
 */
export const FAULTS = [
  // On this machine.
  'config-invalid',
  'file-modes',
  'state-unusable',
  'state-in-use',
  'admin-taken',
  'admin-unusable',
  'audit-unusable',
  'switch-unreadable',
  'approvals-unusable',
  // The way to the cloud.
  'name-unresolved',
  'name-server-silent',
  'cloud-closed',
  'cloud-silent',
  'cloud-unreachable',
  'cloud-cut',
  'proxy-unreachable',
  'proxy-credentials',
  'proxy-refused',
  'tls-issuer',
  'tls-name',
  'tls-expired',
  'tls-not-yet',
  'tls-weak',
  'tls-none',
  'clock-skew',
  // What the cloud says.
  'cloud-failing',
  'not-cumulocity',
  'certificate-time',
  'certificate-refused',
  'token-unreachable',
  'credentials-missing',
  'credentials-refused',
  'tenant-wrong',
  'role-missing',
  'external-id-taken',
  'operations-missing',
  'remote-access-missing',
  'remote-access-refused',
  'web-socket-blocked',
  // thin-edge.io.
  'local-broker-unreachable',
  'local-broker-refuses',
  'bridge-down',
  'token-missing',
  'operation-file',
  // The plant.
  'plant-broker-unreachable',
  'plant-broker-refuses',
  'target-never',
  'target-unresolved',
  'target-closed',
  'target-silent',
  'target-unreachable',
  // Ours.
  'check-failed',
] as const;

export type Fault = (typeof FAULTS)[number];

/** One way to put a fault right. */
export interface Fix {
  /** What the lines do or where they belong, a few words without a full stop. */
  readonly what: string;
  /** Lines to paste: a command, or lines of the configuration. What is to be filled in stands in CAPITALS. */
  readonly paste: readonly string[];
}

/** What is wrong, for the outcome of a probe. */
export interface Diagnosis {
  readonly fault: Fault;
  /** What was found, with values. */
  readonly detail: string;
  /** What it means and what to do, one sentence without a full stop. */
  readonly advice: string;
  /** The best first. */
  readonly fixes: readonly Fix[];
}
