/** How often a fault with a count is still to happen; each time takes one off. */
export interface Countdown<Value> {
  value: Value;
  times: number;
}

/**
 * What goes wrong on purpose. Plain properties that may be set at any time and act from the next packet on; all are off
 * at first.
 */
export class MqttFaults {
  /** Topics whose subscription is answered 0x80. */
  readonly refusedTopics = new Set<string>();
  /** CONNECT is read and never answered; the connection stays open. */
  neverConnack = false;
  /** The next `times` CONNECTs get this return code (1 to 5) and are closed. */
  connackCode: Countdown<number> = { value: 0, times: 0 };
  /** The next so many clients are cut right after their CONNACK. */
  cutAfterConnack = 0;
  /** The next so many publishes with QoS 1 or 2 take effect but are never acknowledged. */
  droppedAcknowledgements = 0;
  /** Every operation delivery is sent this many more times. */
  duplicateDeliveries = 0;
  /** Every delivery waits this long, in ms; the order stays. */
  deliveryDelayMs = 0;
  /** PENDING operations are sent again this often, in ms, until they leave that status; 0 = only when asked for. */
  redeliveryMs = 0;

  /** Takes one off a countdown: its value while it lasts, undefined afterwards. */
  static take<Value>(countdown: Countdown<Value>): Value | undefined {
    if (countdown.times <= 0) return undefined;
    countdown.times -= 1;
    return countdown.value;
  }
}
