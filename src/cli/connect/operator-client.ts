import { Agent, request } from 'undici';
import { trust } from '../../cloud/trusted-roots.js';
import { EXIT } from '../../exit-codes.js';
import { ConnectError, httpError, unreachableError } from './connect-error.js';
import { MAX_REPLY_BYTES, REST_MS } from './limits.js';
import type { OperatorSettings } from './operator-settings.js';
import { openTunnel, type Tunnel } from './tunnel.js';

/** A remote-access endpoint that is set up for a device in the cloud. */
export interface RemoteAccessConfiguration {
  readonly id: string;
  readonly name: string;
  readonly hostname: string;
  readonly port: number;
  readonly protocol: string;
}

/** Managed-object and configuration ids as they may stand in a URL. */
const PATH_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** External id types are free text; this one is what devices register under. */
const EXTERNAL_ID_TYPE = 'c8y_Serial';

/** The cloud as an operator sees it: finds devices and their endpoints, and opens tunnels to them. */
export class OperatorClient {
  readonly #settings: OperatorSettings;
  readonly #agent: Agent;

  constructor(settings: OperatorSettings) {
    this.#settings = settings;
    this.#agent = new Agent({
      connect: { timeout: REST_MS, ...trust({ ca: settings.ca, minTlsVersion: 'TLSv1.2' }) },
    });
  }

  /** Checks the credentials. @throws ConnectError with exit code 77 when they are refused, 69 when nobody answers. */
  async login(): Promise<void> {
    const { status } = await this.#get('/user/currentUser', 'Logging in');
    if (status !== 200) throw httpError(status, 'Logging in');
  }

  /**
   * The managed-object id of a device, given by its external id (c8y_Serial), its managed-object id or its name, tried
   * in this order. @throws ConnectError when there is none, or more than one of that name.
   */
  async findDevice(text: string): Promise<string> {
    const external = `/identity/externalIds/${EXTERNAL_ID_TYPE}/${encodeURIComponent(text)}`;
    // encodeURIComponent leaves dots alone, and "." or ".." would climb the path.
    const identity = /^\.{1,2}$/.test(text) ? undefined : await this.#find(external);
    const id = pathId(at(at(identity, 'managedObject'), 'id'));
    if (id !== undefined) return id;
    if (/^\d{1,20}$/.test(text) && (await this.#find(`/inventory/managedObjects/${text}`)) !== undefined)
      return text;
    return this.#findByName(text);
  }

  async #findByName(name: string): Promise<string> {
    const query = encodeURIComponent(`$filter=(name eq '${name.replaceAll("'", "''")}')`);
    const found = at(
      await this.#find(`/inventory/managedObjects?pageSize=20&query=${query}`),
      'managedObjects',
    );
    // The query knows wildcards; only the very name counts.
    const ids = (Array.isArray(found) ? found : [])
      .filter((device) => at(device, 'name') === name)
      .map((device) => pathId(at(device, 'id')))
      .filter((id) => id !== undefined);
    const [id, second] = ids;
    if (id === undefined) {
      const tried = `external id (${EXTERNAL_ID_TYPE}), managed-object id or name`;
      throw new ConnectError(EXIT.failed, `No device ${quote(name)}: no ${tried} is equal to it.`);
    }
    if (second !== undefined) {
      const sentence = `Several devices are named ${quote(name)}; give one of the ids ${ids.join(', ')}.`;
      throw new ConnectError(EXIT.failed, sentence);
    }
    return id;
  }

  /** The endpoints of a device, of every protocol. */
  async configurations(deviceId: string): Promise<RemoteAccessConfiguration[]> {
    const what = 'Reading the remote-access endpoints';
    const { status, body } = await this.#get(
      `/service/remoteaccess/devices/${deviceId}/configurations`,
      what,
    );
    if (status !== 200) throw httpError(status, what);
    return (Array.isArray(body) ? body : []).map(parseConfiguration).filter((entry) => entry !== undefined);
  }

  /** The PASSTHROUGH endpoint with this id, else with this name. @throws ConnectError that lists the available ones. */
  async findConfiguration(deviceId: string, text: string): Promise<RemoteAccessConfiguration> {
    const all = await this.configurations(deviceId);
    const usable = all.filter(({ protocol }) => protocol === 'PASSTHROUGH');
    const found = usable.find(({ id }) => id === text) ?? usable.find(({ name }) => name === text);
    if (found !== undefined) return found;
    const other = all.find(({ id, name }) => id === text || name === text);
    const why =
      other === undefined
        ? `The device has no endpoint ${quote(text)}.`
        : `Endpoint ${quote(text)} is of type ${quote(other.protocol)}: the cloud speaks that protocol itself. Only PASSTHROUGH gives a port.`;
    const list = usable.map(({ id, name, hostname, port }) => `  ${id}  ${quote(name)}  ${hostname}:${port}`);
    const available = usable.length === 0 ? ' It has none of type PASSTHROUGH.' : ' Available:\n';
    throw new ConnectError(EXIT.failed, `${why}${available}${list.join('\n')}`);
  }

  /** Opens a tunnel to an endpoint. @throws ConnectError; after `signal`'s abort too. */
  openTunnel(deviceId: string, configurationId: string, signal?: AbortSignal): Promise<Tunnel> {
    const base = this.#settings.url.replace(/^http/, 'ws');
    const path = `/service/remoteaccess/client/${deviceId}/configurations/${configurationId}`;
    const { authorization, ca } = this.#settings;
    return openTunnel({ url: `${base}${path}`, authorization, ca, signal });
  }

  /** Ends idle REST connections. Tunnels stay. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  /** The body of a 200; undefined for a 404. */
  async #find(path: string): Promise<unknown> {
    const { status, body } = await this.#get(path, 'Looking for the device');
    if (status === 404) return undefined;
    if (status !== 200) throw httpError(status, 'Looking for the device');
    return body;
  }

  async #get(path: string, what: string): Promise<{ status: number; body: unknown }> {
    try {
      const { statusCode, body } = await request(`${this.#settings.url}${path}`, {
        dispatcher: this.#agent,
        headers: { authorization: this.#settings.authorization.reveal(), accept: 'application/json' },
        signal: AbortSignal.timeout(REST_MS),
      });
      return { status: statusCode, body: parseJson(await readBounded(body)) };
    } catch (error) {
      throw unreachableError(error, what);
    }
  }
}

async function readBounded(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_REPLY_BYTES) throw new Error(`the reply is larger than ${MAX_REPLY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A property of something from the cloud. */
function at(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

/** An id fit for a URL; the cloud sends strings, some versions numbers. */
function pathId(value: unknown): string | undefined {
  const id = typeof value === 'number' ? String(value) : value;
  return typeof id === 'string' && PATH_ID.test(id) ? id : undefined;
}

function parseConfiguration(entry: unknown): RemoteAccessConfiguration | undefined {
  const id = pathId(at(entry, 'id'));
  if (id === undefined) return undefined;
  const text = (name: string): string => {
    const value = at(entry, name);
    return typeof value === 'string' ? value : '';
  };
  const port = Number(at(entry, 'port'));
  return { id, name: text('name'), hostname: text('hostname'), port, protocol: text('protocol') };
}

/** Quoted, and without control characters that would paint on the terminal. */
function quote(text: string): string {
  return `"${text.replace(/[\p{Cc}\p{Cf}]/gu, '?')}"`;
}
