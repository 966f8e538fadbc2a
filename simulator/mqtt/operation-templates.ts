import type { Operation, OperationStatus } from '../store/operations.js';
import { SmartRestError, type SmartRestContext, type Template, wanted } from './smartrest-context.js';

/**
 * Templates 500 to 507: operations. 501 to 503 know no id and act on the OLDEST operation of the device that matches;
 * 504 to 506 take an id, which must be one of the device whose topic it is.
 */
export const OPERATION_TEMPLATES: ReadonlyMap<string, Template> = new Map<string, Template>([
  ['500', (context) => context.resend()],
  ['501', (context) => setOldest(context, 'PENDING', { status: 'EXECUTING' })],
  ['502', (context) => setOldest(context, 'EXECUTING', failed(context))],
  ['503', (context) => setOldest(context, 'EXECUTING', { status: 'SUCCESSFUL' })],
  ['504', (context) => setById(context, { status: 'EXECUTING' })],
  ['505', (context) => setById(context, failed(context))],
  ['506', (context) => setById(context, { status: 'SUCCESSFUL' })],
  ['507', failLeftovers],
]);

interface StatusChange {
  readonly status: OperationStatus;
  readonly failureReason?: string;
}

function failed({ fields }: SmartRestContext): StatusChange {
  return { status: 'FAILED', failureReason: fields[1] ?? '' };
}

function setOldest(context: SmartRestContext, from: OperationStatus, change: StatusChange): void {
  const fragment = wanted(context, 0, 'fragment');
  const operation = context.platform.operations.oldest(context.device.id, fragment, from);
  if (operation === undefined) {
    throw new SmartRestError(41, `No ${from} operation with ${fragment} found for device ${context.serial}`);
  }
  set(context, operation, change);
}

function setById(context: SmartRestContext, change: StatusChange): void {
  const id = wanted(context, 0, 'operation id');
  const operation = context.platform.operations.find(id);
  if (operation?.deviceId !== context.device.id) {
    throw new SmartRestError(41, `Operation with id ${id} not found for device ${context.serial}`);
  }
  set(context, operation, change);
}

function failLeftovers(context: SmartRestContext): void {
  const [fragment = ''] = context.fields;
  const { platform, device } = context;
  const filter = { deviceId: device.id, status: 'EXECUTING' } as const;
  const leftovers = platform.operations.list(
    fragment === '' ? filter : { ...filter, fragmentType: fragment },
  );
  for (const operation of leftovers) set(context, operation, failed(context));
}

function set({ platform }: SmartRestContext, { id }: Operation, change: StatusChange): void {
  platform.operations.update(id, { ...change });
}
