import type { Platform } from '../platform.js';
import type { ManagedObject } from '../store/inventory.js';

/** A refusal that goes to `s/e` as `<code>,<template>,<text>`. */
export class SmartRestError extends Error {
  constructor(
    readonly code: number,
    text: string,
  ) {
    super(text);
    this.name = 'SmartRestError';
  }
}

/** What a template works on: one record of one message in the topic of one device. */
export interface SmartRestContext {
  readonly platform: Platform;
  /** The device whose topic it is; it exists by now. */
  readonly device: ManagedObject;
  /** Its external id. */
  readonly serial: string;
  /** User name that owns what is created. */
  readonly owner: string;
  /** Fields behind the template id. */
  readonly fields: readonly string[];
  /** Answers on `s/ds`. */
  reply(...fields: readonly string[]): void;
  /** Sends every PENDING operation of the connected device and its children again. */
  resend(): void;
}

export type Template = (context: SmartRestContext) => void;

/** A field that must be there and not be empty. @throws SmartRestError 41 naming it. */
export function wanted(context: SmartRestContext, index: number, name: string): string {
  const value = context.fields[index];
  if (value === undefined || value === '') throw new SmartRestError(41, `${name} is missing`);
  return value;
}

/** Creates or finds the device of a connection, as the first message of an unknown client id does. */
export function connectedDevice(platform: Platform, serial: string, owner: string): ManagedObject {
  const fragments = { name: `MQTT Device ${serial}`, type: 'c8y_MQTTDevice' };
  return platform.ensureDevice(serial, fragments, undefined, owner);
}

/**
 * Creates the child in the topic `s/us/<child>` directly behind the connected device, or finds it anywhere below.
 * @throws SmartRestError 41 when a device of this id is somewhere else.
 */
export function topicChild(
  platform: Platform,
  parent: ManagedObject,
  serial: string,
  owner: string,
): ManagedObject {
  const fragments = { name: `MQTT Device ${serial}`, type: 'c8y_MQTTChildDevice' };
  const child = platform.ensureDevice(serial, fragments, parent.id, owner);
  if (!platform.inventory.lineage(child.id).includes(parent.id)) {
    throw new SmartRestError(41, `Device ${serial} is not a child of this device`);
  }
  return child;
}
