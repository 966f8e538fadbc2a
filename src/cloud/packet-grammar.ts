/*
 * The fixed header of what a server may send in MQTT 3.1.1 (sections 2.2 and 3). The library's parser takes packets that
 * are too short as they are: an acknowledgement without its id then throws where nobody catches it.
 */

const PUBLISH = 3;

/** Flags and length of the packets that have only one form, by type. */
const FIXED: Readonly<Record<number, readonly [flags: number, length: number]>> = {
  2: [0, 2], // CONNACK
  4: [0, 2], // PUBACK
  5: [0, 2], // PUBREC
  6: [2, 2], // PUBREL
  7: [0, 2], // PUBCOMP
  11: [0, 2], // UNSUBACK
  13: [0, 0], // PINGRESP
};

/** SUBACK: packet id and at least one return code. */
const SUBACK = 9;
const MIN_SUBACK_BYTES = 3;

/** Whether the body of a packet with this first byte begins with a topic. */
export function beginsWithTopic(first: number): boolean {
  return first >> 4 === PUBLISH;
}

/** Whether a packet with this first byte is the one that a connection begins with, and has only once. */
export function isConnack(first: number): boolean {
  return first >> 4 === 2;
}

/** What is wrong with a packet of this first byte and remaining length, or undefined. */
export function headerFault(first: number, remaining: number): string | undefined {
  const type = first >> 4;
  const flags = first & 0x0f;
  const isGood = type === PUBLISH ? isGoodPublish(first, remaining) : isGoodOther(type, flags, remaining);
  return isGood ? undefined : `the broker sent a malformed packet of type ${type}`;
}

/** What is wrong with the length of a topic, given the remaining length of its packet, or undefined. */
export function topicFault(first: number, remaining: number, topicBytes: number): string | undefined {
  if (2 + topicBytes + idBytes(first) <= remaining) return undefined;
  return 'the broker sent a topic that is longer than its packet';
}

/** QoS 3 does not exist, and with QoS 0 nothing is sent twice (MQTT-3.3.1-2, -4). */
function isGoodPublish(first: number, remaining: number): boolean {
  const qos = (first >> 1) & 3;
  const isTwice = (first & 8) !== 0;
  return qos !== 3 && !(qos === 0 && isTwice) && remaining >= 2 + idBytes(first);
}

function isGoodOther(type: number, flags: number, remaining: number): boolean {
  if (type === SUBACK) return flags === 0 && remaining >= MIN_SUBACK_BYTES;
  const [goodFlags, length] = FIXED[type] ?? [];
  return goodFlags === flags && length === remaining;
}

function idBytes(first: number): number {
  return (first & 6) === 0 ? 0 : 2;
}
