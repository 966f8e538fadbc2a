import { GatehouseError } from '../../contract/failure.js';
import { CONNECTION_KEY } from '../../contract/limits.js';
import type { Secret } from '../../contract/secret.js';

const TUNNEL_PATH = '/service/remoteaccess/device/';

/**
 * The WebSocket URL of a tunnel: `wss://…/service/remoteaccess/device/<key>`, `ws://` when the base URL is http. The
 * path of the base URL is kept. The URL is a secret. @throws GatehouseError `invalid-operation` when the key is not
 * one plain path segment: the request carries our credentials, and must reach nothing but the tunnel.
 */
export function tunnelUrl(remoteAccessUrl: string, connectionKey: Secret): string {
  const key = connectionKey.reveal();
  const base = new URL(remoteAccessUrl);
  const scheme = base.protocol === 'http:' ? 'ws:' : 'wss:';
  const prefix = base.pathname.replace(/\/+$/, '') + TUNNEL_PATH;
  const text = `${scheme}//${base.host}${prefix}${key}`;
  const url = CONNECTION_KEY.test(key) && URL.canParse(text) ? new URL(text) : undefined;
  const isExact =
    url?.protocol === scheme &&
    url.host === base.host &&
    url.pathname === prefix + key &&
    url.search === '' &&
    url.hash === '' &&
    url.username === '';
  if (!isExact) {
    throw new GatehouseError('invalid-operation', 'the connection key cannot be part of a tunnel URL');
  }
  return text;
}
