import type { Platform } from '../platform.js';
import type { Operation } from '../store/operations.js';
import { formatRecord } from './csv.js';

/** Topics on which operations are delivered. */
export const OPERATION_TOPICS = ['s/ds', 'devicecontrol/notifications'] as const;

export type OperationTopic = (typeof OPERATION_TOPICS)[number];

export function isOperationTopic(topic: string): topic is OperationTopic {
  return topic === 's/ds' || topic === 'devicecontrol/notifications';
}

/** Largest payload of one delivery in bytes: what 16,184 leave after the fixed header and the longest topic. */
export const MAX_DELIVERY_BYTES = 16_000;

/** An operation as one message of this topic; undefined when the topic has no form for it. */
export function operationMessage(
  platform: Platform,
  operation: Operation,
  topic: OperationTopic,
): string | undefined {
  return topic === 's/ds' ? smartRestLine(platform, operation) : jsonOperation(platform, operation);
}

/** The line of a static template: 530 for remote access, 510 and 511 so that others can be seen to be left alone. */
function smartRestLine(platform: Platform, operation: Operation): string | undefined {
  const serial = platform.identity.serialOf(operation.deviceId)?.externalId;
  if (serial === undefined) return undefined;
  const connect = fragment(operation, 'c8y_RemoteAccessConnect');
  if (connect !== undefined) {
    return formatRecord([
      '530',
      serial,
      ...['hostname', 'port', 'connectionKey'].map((key) => text(connect[key])),
    ]);
  }
  const command = fragment(operation, 'c8y_Command');
  if (command !== undefined) return formatRecord(['511', serial, text(command.text)]);
  return operation.c8y_Restart === undefined ? undefined : formatRecord(['510', serial]);
}

function jsonOperation(platform: Platform, operation: Operation): string {
  const source = platform.identity.serialOf(operation.deviceId);
  const { id, deviceId, agentId, status, creationTime, ...fragments } = operation;
  return JSON.stringify({
    delivery: { log: [], time: new Date(platform.now()).toISOString(), status: 'PENDING' },
    agentId,
    creationTime,
    deviceId,
    id,
    status,
    ...fragments,
    ...(source === undefined ? {} : { externalSource: { externalId: source.externalId, type: source.type } }),
  });
}

/** Joins messages by line feeds into payloads that fit; one that is too large by itself goes alone. */
export function batches(messages: readonly string[], maxBytes: number = MAX_DELIVERY_BYTES): string[] {
  const payloads: string[] = [];
  let payload = '';
  for (const message of messages) {
    const joined = payload === '' ? message : `${payload}\n${message}`;
    if (payload !== '' && Buffer.byteLength(joined) > maxBytes) {
      payloads.push(payload);
      payload = message;
    } else {
      payload = joined;
    }
  }
  return payload === '' ? payloads : [...payloads, payload];
}

function fragment(operation: Operation, name: string): Record<string, unknown> | undefined {
  const value = operation[name];
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
