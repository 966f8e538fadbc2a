// Must come before the certificate library.
import './reflect.js';
import { webcrypto } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import net from 'node:net';
import * as x509 from '@peculiar/x509';

/** A key pair and a self-signed certificate in PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** A certificate for `names` that ends `days` from now. */
export async function certificateFor(names: readonly string[], days: number): Promise<Certificate> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: 'CN=Test authority, O=Plant',
    notBefore: new Date(Date.now() - 10 * 86_400_000),
    notAfter: new Date(Date.now() + days * 86_400_000),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.SubjectAlternativeNameExtension(
        names.map((name) =>
          net.isIP(name) === 0 ? { type: 'dns', value: name } : { type: 'ip', value: name },
        ),
      ),
    ],
  });
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return {
    cert: certificate.toString('pem'),
    key: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`,
  };
}

/** How the cloud of a test behaves. */
export interface CloudOptions {
  readonly tls?: Certificate;
  /** Instead of a real answer, by path prefix. */
  readonly status?: Readonly<Record<string, number>>;
  /** Added to the Date header, in ms. */
  readonly skewMs?: number;
  readonly isDeclared?: boolean;
}

/** Something that listens on loopback until it is closed. */
export interface Listening {
  readonly port: number;
  /** Request lines, in order. */
  readonly requests: string[];
  close(): Promise<void>;
}

/** user `t1/gw`, password `canary-secret`. */
const AUTHORIZATION = `Basic ${Buffer.from('t1/gw:canary-secret').toString('base64')}`;

/** As much of a tenant as `check` looks at. */
export async function startCloud(options: CloudOptions = {}): Promise<Listening> {
  const requests: string[] = [];
  const answer: http.RequestListener = ({ url = '', method = '', headers }, response) => {
    requests.push(`${method} ${url}`);
    response.sendDate = false;
    response.setHeader('date', new Date(Date.now() + (options.skewMs ?? 0)).toUTCString());
    response.setHeader('connection', 'close');
    const forced = Object.entries(options.status ?? {}).find(([prefix]) => url.startsWith(prefix))?.[1];
    const isPublic = url === '/tenant/loginOptions';
    const status = forced ?? (isPublic || headers.authorization === AUTHORIZATION ? 200 : 401);
    response
      .writeHead(status)
      .end(status === 200 ? JSON.stringify(documentAt(url, options)) : '{"error":"no"}');
  };
  const server =
    options.tls === undefined ? http.createServer(answer) : https.createServer(options.tls, answer);
  server.on('upgrade', ({ url = '', headers }: http.IncomingMessage, socket) => {
    requests.push(
      `UPGRADE ${url.replace(/[0-9a-f-]{36}$/, 'KEY')} ${headers['sec-websocket-protocol'] ?? ''}`,
    );
    const status = options.status?.['/service/remoteaccess'] ?? 404;
    socket.end(`HTTP/1.1 ${status} X\r\nContent-Length: 0\r\n\r\n`);
  });
  return listen(server, requests);
}

function documentAt(url: string, { isDeclared = true }: CloudOptions): unknown {
  if (url === '/user/currentUser') return { id: 'gw', userName: 'gw' };
  if (url === '/tenant/currentTenant') return { name: 't1' };
  if (url.startsWith('/identity/externalIds/c8y_Serial/')) return { managedObject: { id: '4711' } };
  if (url === '/inventory/managedObjects/4711') {
    return { id: '4711', c8y_SupportedOperations: isDeclared ? ['c8y_RemoteAccessConnect'] : [] };
  }
  return {};
}

/** An HTTP proxy that knows CONNECT; with `status` it refuses. */
export async function startProxy(status = 200): Promise<Listening> {
  const requests: string[] = [];
  const server = http.createServer();
  server.on('connect', ({ url = '', headers }: http.IncomingMessage, client: net.Socket) => {
    requests.push(`CONNECT ${url} ${headers['proxy-authorization'] ?? ''}`.trim());
    client.on('error', () => client.destroy());
    if (status !== 200) {
      client.end(`HTTP/1.1 ${status} X\r\n\r\n`);
      return;
    }
    const { port } = new URL(`http://${url}`);
    const upstream = net.connect(Number(port), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      client.pipe(upstream).pipe(client);
    });
    upstream.on('error', () => client.destroy());
    client.on('close', () => upstream.destroy());
  });
  return listen(server, requests);
}

/** A TCP server that accepts and says nothing. */
export async function startTarget(): Promise<Listening> {
  const requests: string[] = [];
  return listen(
    net.createServer((socket) => {
      requests.push('connection');
      socket.on('error', () => socket.destroy());
    }),
    requests,
  );
}

async function listen(server: net.Server, requests: string[]): Promise<Listening> {
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
