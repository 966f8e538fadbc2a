/**
 * What the cloud or the broker did that it must not do, or not to us; the label of
 * `gatehouse_control_violations_total`.
 */
export const VIOLATIONS = [
  /** A reply or packet that is not in the language it should be in. */
  'malformed',
  /** A reply or packet beyond its bound. */
  'oversized',
  /** A message that answers nothing we asked, or is on a channel or topic that we are not subscribed to. */
  'unmatched',
  /** An operation document that nobody can be answered for. */
  'unusable-operation',
  /** A line on the broker's error topic: it refuses something that we published. */
  'error-message',
] as const;

export type Violation = (typeof VIOLATIONS)[number];

/** Told of each violation, or of several at once. */
export type OnViolation = (violation: Violation, count?: number) => void;
