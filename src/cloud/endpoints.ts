import { CLOUD_ID } from '../../contract/limits.js';
import { elements, property, propertyAt } from './json-value.js';
import { pathSegment, type RestClient } from './rest-client.js';
import { hasStatus } from './rest-error.js';

/** One remote-access endpoint, as somebody configured it in the tenant: nothing of it has been checked. */
export interface RemoteEndpoint {
  readonly name: string;
  readonly hostname: string;
  readonly port: number;
  /** `PASSTHROUGH`, `SSH`, `VNC`, `TELNET`, or whatever the cloud says. */
  readonly protocol: string;
}

/** A device with its endpoints. */
export interface DeviceEndpoints {
  readonly externalId: string;
  readonly name: string;
  readonly isGateway: boolean;
  readonly endpoints: readonly RemoteEndpoint[];
}

/** Endpoints of one device that are read; the page of the cloud that shows them is unusable long before. */
const MAX_ENDPOINTS = 1_000;

/** Children asked for at a time, and pages of them. */
const CHILD_PAGE = 100;
const MAX_CHILD_PAGES = 100;

/** Children with endpoints whose external ids are looked up, one request each. */
const MAX_CHILDREN = 500;

/**
 * What `c8y_RemoteAccessList` of a gateway and of its children holds; undefined when the cloud does not know the
 * gateway. Of a child that has no external id of `idType` nothing is told: no configuration could name it.
 * @throws RestError
 */
export async function readEndpoints(
  rest: RestClient,
  { externalId, idType }: { readonly externalId: string; readonly idType: string },
  signal: AbortSignal,
): Promise<readonly DeviceEndpoints[] | undefined> {
  const get = (path: string): Promise<unknown> => rest.send({ method: 'GET', path, signal });
  const id = await managedObjectId(get, idType, externalId);
  if (id === undefined) return undefined;
  const own = deviceOf(await get(`/inventory/managedObjects/${id}`), externalId, true);
  const devices = [own];
  for (const child of await childrenWithEndpoints(get, id)) {
    const childId = await externalIdOf(get, String(property(child, 'id')), idType);
    if (childId !== undefined) devices.push(deviceOf(child, childId, false));
  }
  return devices;
}

type Get = (path: string) => Promise<unknown>;

async function managedObjectId(get: Get, idType: string, externalId: string): Promise<string | undefined> {
  try {
    const identity = await get(`/identity/externalIds/${pathSegment(idType)}/${pathSegment(externalId)}`);
    return checkedId(propertyAt(identity, 'managedObject', 'id'));
  } catch (error) {
    if (hasStatus(error, 404)) return undefined;
    throw error;
  }
}

async function childrenWithEndpoints(get: Get, gatewayId: string): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  for (let page = 1; page <= MAX_CHILD_PAGES && found.length < MAX_CHILDREN; page += 1) {
    const path = `/inventory/managedObjects/${gatewayId}/childDevices?pageSize=${CHILD_PAGE}&currentPage=${page}`;
    const references = elements(await get(path), 'references');
    const children = references.map((reference) => property(reference, 'managedObject'));
    found.push(
      ...children.filter(
        (child) => checkedId(property(child, 'id')) !== undefined && endpointsIn(child).length > 0,
      ),
    );
    if (references.length < CHILD_PAGE) break;
  }
  return found.slice(0, MAX_CHILDREN);
}

async function externalIdOf(get: Get, id: string, idType: string): Promise<string | undefined> {
  const ids = elements(await get(`/identity/globalIds/${id}/externalIds`), 'externalIds');
  const match = ids.find((one) => property(one, 'type') === idType);
  const externalId = property(match, 'externalId');
  return typeof externalId === 'string' && externalId !== '' ? externalId : undefined;
}

function deviceOf(object: unknown, externalId: string, isGateway: boolean): DeviceEndpoints {
  const name = property(object, 'name');
  return {
    externalId,
    name: typeof name === 'string' && name !== '' ? name : externalId,
    isGateway,
    endpoints: endpointsIn(object),
  };
}

function endpointsIn(object: unknown): RemoteEndpoint[] {
  return elements(object, 'c8y_RemoteAccessList')
    .slice(0, MAX_ENDPOINTS)
    .flatMap((entry) => {
      const [name, hostname, port, protocol] = ['name', 'hostname', 'port', 'protocol'].map((key) =>
        property(entry, key),
      );
      // Some tools write the port as text.
      const number = typeof port === 'string' ? Number(port) : port;
      if (typeof hostname !== 'string' || typeof number !== 'number') return [];
      return [{ name: textOr(name, hostname), hostname, port: number, protocol: textOr(protocol, '') }];
    });
}

function textOr(value: unknown, instead: string): string {
  return typeof value === 'string' && value !== '' ? value : instead;
}

function checkedId(id: unknown): string | undefined {
  return typeof id === 'string' && CLOUD_ID.test(id) ? id : undefined;
}
