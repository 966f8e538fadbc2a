import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { type ClientOptions, WebSocket } from 'ws';
import type { Cloud } from '../../../simulator/cloud.js';
import type { Operation } from '../../../simulator/store/operations.js';
import type { Running } from './running-cloud.js';

/** Longest wait for anything on loopback, in ms. */
export const LIMIT_MS = 10_000;

/** What a refused upgrade answered. */
export interface Refusal {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
}

/** Opens a WebSocket, or tells what the server answered instead. Offers `binary` unless told otherwise. */
export async function dial(
  url: string,
  headers: Record<string, string>,
  protocols: string[] = ['binary'],
  options: ClientOptions = {},
): Promise<WebSocket | Refusal> {
  const socket = new WebSocket(url, protocols, { headers, perMessageDeflate: false, ...options });
  const refused = new Promise<Refusal>((resolve) => {
    socket.on('unexpected-response', (request, response) => {
      resolve({ status: response.statusCode ?? 0, headers: response.headers });
      request.destroy();
    });
  });
  socket.on('error', () => undefined);
  return Promise.race([opened(socket), refused]);
}

async function opened(socket: WebSocket): Promise<WebSocket> {
  await once(socket, 'open', { signal: AbortSignal.timeout(LIMIT_MS) });
  return socket;
}

/** Like dial, where a refusal fails the test. */
export async function dialOpen(...parameters: Parameters<typeof dial>): Promise<WebSocket> {
  const outcome = await dial(...parameters);
  if (outcome instanceof WebSocket) return outcome;
  throw new Error(`The upgrade was answered with ${outcome.status}.`);
}

export function clientUrl({ cloud, deviceId, configurationId }: Running): string {
  return `${cloud.url.replace('http', 'ws')}/service/remoteaccess/client/${deviceId}/configurations/${configurationId}`;
}

export function deviceUrl(cloud: Cloud, key: string): string {
  return `${cloud.url.replace('http', 'ws')}/service/remoteaccess/device/${key}`;
}

/** The connection key of a remote-access operation. */
export function keyOf(operation: Operation): string {
  return (operation.c8y_RemoteAccessConnect as { connectionKey: string }).connectionKey;
}

/** The next operation that is created. */
export async function nextOperation(cloud: Cloud): Promise<Operation> {
  const [operation] = (await once(cloud.platform, 'operationCreated', {
    signal: AbortSignal.timeout(LIMIT_MS),
  })) as [Operation];
  return operation;
}

/** Opens both ends of one tunnel. */
export async function openTunnel(running: Running): Promise<{ client: WebSocket; device: WebSocket }> {
  const operation = nextOperation(running.cloud);
  const client = await dialOpen(clientUrl(running), { Authorization: running.operator });
  const url = deviceUrl(running.cloud, keyOf(await operation));
  return { client, device: await dialOpen(url, { Authorization: running.device }) };
}

/** The next message. */
export async function nextMessage(socket: WebSocket): Promise<{ payload: Buffer; isBinary: boolean }> {
  const [payload, isBinary] = (await once(socket, 'message', { signal: AbortSignal.timeout(LIMIT_MS) })) as [
    Buffer,
    boolean,
  ];
  return { payload, isBinary };
}

/** Code and reason of a close. */
export async function closed(socket: WebSocket): Promise<{ code: number; reason: string }> {
  const [code, reason] = (await once(socket, 'close', { signal: AbortSignal.timeout(LIMIT_MS) })) as [
    number,
    Buffer,
  ];
  return { code, reason: reason.toString() };
}

/** Resolves as soon as the condition holds, looking at every turn of the event loop; fails after the limit. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + LIMIT_MS;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`Not within ${LIMIT_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** An upgrade on a bare socket, for what a WebSocket library hides. `offer` is one header line, or none. */
export function rawUpgrade(
  address: string,
  authorization: string,
  offer = 'Sec-WebSocket-Protocol: binary\r\n',
): Promise<{ socket: Socket; head: string }> {
  return rawRequest(address, [
    'Host: simulator.example',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    'Sec-WebSocket-Extensions: permessage-deflate',
    `Authorization: ${authorization}`,
    ...(offer === '' ? [] : [offer.trim()]),
  ]);
}

/** A GET with exactly these header lines, and what came back first. */
export async function rawRequest(
  address: string,
  lines: readonly string[],
): Promise<{ socket: Socket; head: string }> {
  const url = new URL(address);
  const socket = connect(Number(url.port), url.hostname);
  socket.write(`GET ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
  const [chunk] = (await once(socket, 'data', { signal: AbortSignal.timeout(LIMIT_MS) })) as [Buffer];
  return { socket, head: chunk.toString('latin1') };
}

/** One binary message of at most 125 bytes as a client sends it: masked, here with the mask of all zeros. */
export function clientFrame(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x82, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
}

/** Reads from a bare socket until there are so many bytes. */
export async function read(socket: Socket, bytes: number): Promise<Buffer> {
  const signal = AbortSignal.timeout(LIMIT_MS);
  let got = Buffer.alloc(0);
  while (got.length < bytes) {
    const [chunk] = (await once(socket, 'data', { signal })) as [Buffer];
    got = Buffer.concat([got, chunk]);
  }
  return got;
}
