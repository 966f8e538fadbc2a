import type { Platform } from '../platform.js';
import type { ManagedObject } from '../store/inventory.js';
import { PlatformError } from '../store/platform-error.js';
import { formatRecord, parseRecords } from './csv.js';
import { createEvent } from './events.js';
import { INVENTORY_TEMPLATES } from './inventory-templates.js';
import { OPERATION_TEMPLATES } from './operation-templates.js';
import {
  connectedDevice,
  SmartRestError,
  type SmartRestContext,
  type Template,
  topicChild,
} from './smartrest-context.js';

/** Version that template 600 answers. */
const PLATFORM_VERSION = '1023.0.0';

const OTHER_TEMPLATES = new Map<string, Template>([
  ['400', createEvent],
  ['600', (context) => context.reply('601', PLATFORM_VERSION)],
  ['602', (context) => context.reply('603', '100', ...TEMPLATES.keys())],
]);

const TEMPLATES: ReadonlyMap<string, Template> = new Map([
  ...INVENTORY_TEMPLATES,
  ...OPERATION_TEMPLATES,
  ...OTHER_TEMPLATES,
]);

/** Measurements and alarms: taken and forgotten. */
const ACCEPTED = /^(?:2\d\d|3\d\d|40\d)$/;

/** Who sent a message and what can be said back. */
export interface SmartRestSender {
  /** Device identifier of the connection. */
  readonly identifier: string;
  /** User name that owns what is created. */
  readonly owner: string;
  /** Sends a line on `s/ds`. */
  reply(line: string): void;
  /** Sends a line on `s/e`. */
  refuse(line: string): void;
  /** Sends PENDING operations again. */
  resend(): void;
}

/**
 * Carries out every line of a SmartREST message in order; one that is refused does not stop those behind it. A device,
 * or child in the topic, that is unknown is created by its first message.
 */
export function handleSmartRest(
  platform: Platform,
  sender: SmartRestSender,
  child: string | undefined,
  text: string,
): void {
  for (const record of parseRecords(text)) {
    const [template = '', ...fields] = record;
    try {
      handleRecord(platform, sender, child, template, fields);
    } catch (error) {
      sender.refuse(refusal(template, error));
    }
  }
}

function handleRecord(
  platform: Platform,
  sender: SmartRestSender,
  child: string | undefined,
  template: string,
  fields: readonly string[],
): void {
  const { identifier, owner } = sender;
  const serial = child ?? identifier;
  if (template === '100') {
    createDevice(platform, sender, child, fields);
    return;
  }
  const handler = TEMPLATES.get(template);
  if (handler === undefined && !ACCEPTED.test(template)) {
    throw new SmartRestError(40, `No static template for message id ${template}`);
  }
  const connected = connectedDevice(platform, identifier, owner);
  const device: ManagedObject =
    child === undefined ? connected : topicChild(platform, connected, child, owner);
  const context: SmartRestContext = {
    platform,
    device,
    serial,
    owner,
    fields,
    reply: (...answer) => sender.reply(formatRecord(answer)),
    resend: () => sender.resend(),
  };
  handler?.(context);
}

function createDevice(
  platform: Platform,
  { identifier, owner }: SmartRestSender,
  child: string | undefined,
  fields: readonly string[],
): void {
  const serial = child ?? identifier;
  if (platform.deviceBySerial(serial) !== undefined) throw new SmartRestError(41, 'Device already existing');
  const [name = '', type = ''] = fields;
  const fragments = {
    name: name === '' ? `MQTT Device ${serial}` : name,
    type: type === '' ? (child === undefined ? 'c8y_MQTTDevice' : 'c8y_MQTTChildDevice') : type,
  };
  const parent = child === undefined ? undefined : connectedDevice(platform, identifier, owner);
  platform.ensureDevice(serial, fragments, parent?.id, owner);
}

function refusal(template: string, error: unknown): string {
  if (error instanceof SmartRestError) return formatRecord([error.code, template, error.message]);
  if (error instanceof PlatformError) return formatRecord([50, template, error.message]);
  throw error;
}
