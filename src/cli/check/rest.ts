import { Client } from 'undici';
import type { Config } from '../../config/config.js';
import { configuredAuthorization } from '../../cloud/authorization.js';
import { dialCloud, dialTls, placeOf } from './dial.js';

/** Bytes of a reply that are read; a managed object stays far below. */
const MAX_REPLY_BYTES = 262_144;

/** A reply of the cloud. */
export interface Reply {
  readonly status: number;
  /** Its Date header, in ms since 1970; undefined when missing. */
  readonly dateMs: number | undefined;
  /** The JSON document; undefined when it is none. */
  readonly body: unknown;
}

/** One GET to the cloud over a connection of its own, by proxy and with verified TLS. Redirects are not followed. */
export async function get(
  config: Config,
  path: string,
  signal: AbortSignal,
  authorization: string | undefined = configuredAuthorization(config.cloud) ?? '',
): Promise<Reply> {
  const place = placeOf(config.cloud.url);
  const client = new Client(config.cloud.url, {
    connect: (_, callback) => {
      connect()
        .then((socket) => callback(null, socket))
        .catch((error: unknown) => callback(error instanceof Error ? error : new Error('failed'), null));
    },
  });
  async function connect(): ReturnType<typeof dialCloud> {
    const socket = await dialCloud(config, place, signal);
    return place.isTls ? dialTls(socket, place, config.cloud, signal) : socket;
  }
  try {
    const headers = { accept: 'application/json', ...(authorization === '' ? {} : { authorization }) };
    const reply = await client.request({ method: 'GET', path, headers, signal });
    const dateMs = Date.parse(String(reply.headers.date));
    return {
      status: reply.statusCode,
      dateMs: Number.isNaN(dateMs) ? undefined : dateMs,
      body: json(await limited(reply.body)),
    };
  } finally {
    await client.destroy();
  }
}

/** The text of one field of a JSON document, walked by name; undefined when it is missing or something else. */
export function textAt(body: unknown, ...names: readonly string[]): string | undefined {
  const value = valueAt(body, names);
  return typeof value === 'string' ? value : undefined;
}

/** The list in one field of a JSON document, walked by name; undefined when it is missing or something else. */
export function itemsAt(body: unknown, ...names: readonly string[]): readonly unknown[] | undefined {
  const value = valueAt(body, names);
  return Array.isArray(value) ? (value as readonly unknown[]) : undefined;
}

function valueAt(body: unknown, names: readonly string[]): unknown {
  return names.reduce<unknown>(
    (inner, name) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, name) : undefined),
    body,
  );
}

async function limited(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > MAX_REPLY_BYTES) return '';
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
