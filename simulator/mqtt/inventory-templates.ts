import { SmartRestError, type SmartRestContext, type Template, wanted } from './smartrest-context.js';

/** Templates 101 to 150 and 400: the device itself. 100 is apart, because it is about a device that may not exist yet. */
export const INVENTORY_TEMPLATES: ReadonlyMap<string, Template> = new Map<string, Template>([
  ['101', createChild],
  ['105', listChildren],
  ['110', setHardware],
  ['114', (context) => setNames(context, 'c8y_SupportedOperations')],
  ['117', requireAvailability],
  ['118', (context) => setNames(context, 'c8y_SupportedLogs')],
  ['119', (context) => setNames(context, 'c8y_SupportedConfigurations')],
  ['122', setAgent],
  ['123', (context) => context.reply('124', context.device.id)],
  ['125', (context) => update(context, {})],
  ['150', (context) => setNames(context, 'c8y_RemoteAccessSupportedProtocols')],
  ['400', acceptEvent],
]);

function update({ platform, device }: SmartRestContext, fragments: Readonly<Record<string, unknown>>): void {
  platform.inventory.update(device.id, fragments);
}

function createChild(context: SmartRestContext): void {
  const { platform, device, owner, fields } = context;
  const serial = wanted(context, 0, 'child id');
  const [, name, type, isDevice] = fields;
  const known = platform.deviceBySerial(serial);
  if (known !== undefined) {
    if (platform.inventory.parent(known.id) !== device.id) platform.inventory.addChild(device.id, known.id);
    return;
  }
  const fragments = {
    name: name === undefined || name === '' ? `MQTT Device ${serial}` : name,
    type: type === undefined || type === '' ? 'c8y_MQTTChildDevice' : type,
    ...(isDevice === 'false' ? { c8y_IsDevice: null } : {}),
  };
  platform.ensureDevice(serial, fragments, device.id, owner);
}

function listChildren(context: SmartRestContext): void {
  const { platform, device } = context;
  const serials = platform.inventory
    .children(device.id)
    .map(({ id }) => platform.identity.serialOf(id)?.externalId)
    .filter((serial) => serial !== undefined);
  context.reply('106', ...serials);
}

function setHardware(context: SmartRestContext): void {
  const [serialNumber = '', model = '', revision = ''] = context.fields;
  update(context, { c8y_Hardware: { serialNumber, model, revision } });
}

/** The list in the message replaces the one there was; an empty one removes it. */
function setNames(context: SmartRestContext, fragment: string): void {
  const names = context.fields.filter((name) => name !== '');
  update(context, { [fragment]: names.length === 0 ? null : names });
}

function requireAvailability(context: SmartRestContext): void {
  const minutes = Number(wanted(context, 0, 'interval'));
  if (!Number.isInteger(minutes)) throw new SmartRestError(41, 'interval must be a whole number of minutes');
  if (context.device.c8y_RequiredAvailability !== undefined) return;
  update(context, { c8y_RequiredAvailability: { responseInterval: minutes } });
}

function setAgent(context: SmartRestContext): void {
  const [name = '', version = '', url = '', maintainer = ''] = context.fields;
  update(context, { c8y_Agent: { name, version, url, maintainer } });
}

/** Events are taken and forgotten: nothing here reads them. */
function acceptEvent(context: SmartRestContext): void {
  wanted(context, 0, 'type');
  wanted(context, 1, 'text');
}
