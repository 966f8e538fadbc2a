import type { Platform } from '../platform.js';
import type { MqttClientSession } from './client-session.js';
import { SmartRestError, type SmartRestContext } from './smartrest-context.js';

/** Template 400: an event of the topic's device. Fields: type, text, time. */
export function createEvent({ platform, device, fields }: SmartRestContext): void {
  const [type = '', text = '', time = ''] = fields;
  if (type === '' || text === '') throw new SmartRestError(45, 'An event needs a type and a text');
  const at = time === '' ? new Date(platform.now()).toISOString() : time;
  platform.events.create(device.id, { type, text, time: at });
}

/**
 * An event as JSON via MQTT: of the device that `externalSource` names, else of the connection's own.
 * @throws PlatformError 422; Error when the device is unknown or belongs to somebody else.
 */
export function createJsonEvent(
  platform: Platform,
  client: MqttClientSession,
  body: Readonly<Record<string, unknown>>,
): void {
  const { externalSource } = body;
  const named: unknown =
    typeof externalSource === 'object' && externalSource !== null && 'externalId' in externalSource
      ? externalSource.externalId
      : client.identifier;
  const device = typeof named === 'string' ? platform.deviceBySerial(named) : undefined;
  if (device === undefined) throw new Error('externalSource names no device');
  if (!platform.may(client.user, 'ROLE_EVENT_ADMIN', device.id)) throw new Error('Access is denied');
  platform.events.create(device.id, body);
}
